"""How a stand-alone script asks a framework: as text, what a worker does with its runtime, line for line.

One class a framework, in its room beside the runtime. A test runs every declared divergence through both.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from conformance.plan import USUAL
from conformance.target import Target
from conformance.worker.environment import Config, prepare_environment
from conformance.worker.processor import SWITCHES


@dataclass(frozen=True)
class Names:
    """What a script calls the outputs, in the order in which `call` returns them, and those that gradients are of.

    And the dtypes of its inputs, which need not be the case's.
    """

    outputs: tuple[str, ...] = (USUAL,)
    pulled: tuple[str, ...] = (USUAL,)
    dtypes: tuple[str, ...] = ()  # of the inputs

    @property
    def answers(self) -> str:
        """Every output, as `call` returns them."""
        return ", ".join(self.outputs)

    @property
    def roots(self) -> str:
        """The outputs that gradients are of."""
        return self._each(list(self.pulled))

    def pulls(self, tensor: Callable[[str], str]) -> str:
        """Their cotangents as tensors."""
        return self._each([tensor(f"d{name}") for name in self.pulled])

    def _each(self, texts: Sequence[str]) -> str:
        return texts[0] if len(self.outputs) == 1 else f"[{', '.join(texts)}]"


class Surface:
    """The text of one framework's part of a script. Lines are not indented; `tensors` is what `call` is given."""

    def __init__(self, target: Target, plan: str, dtype: str, names: Names) -> None:
        self.target = target
        self.plan = plan
        self.dtype = dtype
        self.names = names
        self.mode = target.mode
        self.gpu = target.device == "gpu"
        # Modes that compile make what uses no input (a layer) outside of the function, as a user does.
        self.splits = False

    @property
    def modules(self) -> list[str]:
        """What is imported, besides NumPy."""
        raise NotImplementedError

    @property
    def versions(self) -> list[str]:
        """Expressions whose text says which version this is."""
        return [f'"{name}", {name}.__version__' for name in self.modules if "." not in name]

    @property
    def reads(self) -> tuple[str, ...]:
        """The environment's variables that decide how this computes."""
        raise NotImplementedError

    @property
    def imports(self) -> list[str]:
        """What is imported, besides NumPy, and what the inputs' dtype takes."""
        return self.modules

    def environment(self) -> dict[str, str | None]:
        """What must stand in the environment before the import; None where it must not stand there."""
        made: dict[str, str] = {}
        t = self.target
        config = {"framework": t.framework, "backend": t.backend, "mode": t.mode, "device": t.device}
        options = dict(t.capped().options)
        variables = t.environment()
        prepare_environment(Config({**config, "options": options, "variables": variables}), made)
        reads = (*self.reads, *(SWITCHES if "isa" in options else ()))
        found: dict[str, str | None] = {name: made[name] for name in reads if name in made}
        return {**found, **{name: None for name, value in variables.items() if value is None and name in reads}}

    def setup(self) -> list[str]:
        """What is set once after the import."""
        return []

    def tensor(self, name: str) -> str:
        """An expression for a NumPy array as a tensor of its own memory."""
        return f"{name}.copy()"

    def wrap(self) -> list[str]:
        """What makes of `call` what the mode runs."""
        return []

    def forward(self) -> list[str]:
        """Lines that set the outputs."""
        return [f"{self.names.answers} = call(*tensors)"]

    def backward(self, wanted: Sequence[int] | None) -> list[str]:
        """Lines that set the outputs and `gradients`, one for each wanted input (None: all), of sum(y * dy)."""
        raise NotImplementedError

    def values(self, name: str) -> str:
        """An expression for a tensor's values as a NumPy array; bfloat16 as float32."""
        return f"np.asarray({name})"

    def kind(self, name: str) -> str:
        """An expression for the name of a tensor's dtype."""
        return f"{name}.dtype.name"

    def _option(self, name: str) -> bool | None:
        value = self.target.option(name, "")
        return value == "1" if value else None

    @property
    def threads(self) -> str:
        """How many threads it computes with."""
        return self.target.option("threads", "1")


def surface(target: Target, plan: str, dtype: str, names: Names = Names()) -> Surface:
    """The surface of a target for one plan."""
    return target.spec.surface(target, plan, dtype, names)


def dotted(text: str) -> list[str]:
    """Every dotted name in a plan, such as `jax.lax.conv`."""
    return [ast.unparse(node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)]


def wanted_tensors(wanted: Sequence[int] | None) -> str:
    """An expression for the tensors whose gradients are wanted."""
    return "tensors" if wanted is None else "[" + ", ".join(f"tensors[{i}]" for i in wanted) + "]"


def stop(words: str, *more: str) -> list[str]:
    """Lines that say why a script can't run here, and end it."""
    return [f"print({', '.join([repr(words), *more])})", "sys.exit(2)"]


def absent(condition: str, words: str) -> list[str]:
    """Lines that end a script where something is not there."""
    return [f"if {condition}:", *(f"    {line}" for line in stop(words))]
