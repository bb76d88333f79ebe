"""How a stand-alone script asks Keras."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.frameworks.surface import Names, Surface, surface
from conformance.target import Target

# A mode of Keras -> that of its backend.
MODES = {"tensorflow": "xla", "torch": "compile", "jax": "jit"}


class KerasSurface(Surface):
    """As runtime.py: the backend's own surface, with Keras imported after it."""

    def __init__(self, target: Target, plan: str, dtype: str, names: Names) -> None:
        super().__init__(target, plan, dtype, names)
        mode = MODES[target.backend] if target.mode == "jit" else "eager"
        options = tuple((name, value) for name, value in target.options if name != "api")
        under = Target(target.backend, mode=mode, device=target.device, options=options)
        self.under = surface(under, plan, dtype, names)
        self.splits = self.under.splits

    @property
    def modules(self) -> list[str]:
        return [*self.under.modules, "keras"]

    @property
    def versions(self) -> list[str]:
        return ['"keras", keras.__version__', *self.under.versions]

    @property
    def reads(self) -> tuple[str, ...]:
        return ("KERAS_BACKEND", *self.under.reads)

    def setup(self) -> list[str]:
        return self.under.setup()

    def tensor(self, name: str) -> str:
        return self.under.tensor(name)

    def wrap(self) -> list[str]:
        return self.under.wrap()

    def forward(self) -> list[str]:
        return self.under.forward()

    def backward(self, wanted: Sequence[int] | None) -> list[str]:
        return self.under.backward(wanted)

    def values(self, name: str) -> str:
        return self.under.values(name)

    def kind(self, name: str) -> str:
        return self.under.kind(name)


SURFACE = KerasSurface
