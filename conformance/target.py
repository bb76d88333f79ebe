"""Targets: where a case runs.

The grammar is `framework[/backend][:mode][@device][+option=value]...[==version]`, for example `torch`,
`torch:compile`, `keras/jax`, `tensorflow:xla`, `tensorflow+onednn=0`, `torch+threads=2`, `jax@gpu`, `jax==0.9.2`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, replace

from conformance.text.nearest import did_you_mean
from conformance.usage import UsageError
from conformance.worker.processor import CAPS


class TargetError(ValueError):
    """A target that can't be read; the message says what was found and what was expected."""


@dataclass(frozen=True)
class Framework:
    """What is known about a framework without importing it."""

    name: str
    package: str  # the distribution to install
    module: str  # the module to look for
    backends: tuple[str, ...] = ()
    modes: tuple[str, ...] = ("eager",)
    devices: tuple[str, ...] = ("cpu", "gpu")
    # option -> the values it takes; ("<int>",) stands for any positive integer
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)


_COMMON = {"threads": ("<int>",), "isa": CAPS}

FRAMEWORKS: dict[str, Framework] = {
    f.name: f
    for f in (
        Framework("numpy", "numpy", "numpy", devices=("cpu",), options=dict(_COMMON)),
        Framework(
            "torch",
            "torch",
            "torch",
            modes=("eager", "compile", "export", "meta"),
            options={**_COMMON, "api": ("functional", "module"), "tf32": ("0", "1"), "deterministic": ("0", "1")},
        ),
        Framework(
            "jax",
            "jax",
            "jax",
            modes=("eager", "jit"),
            options={
                **_COMMON,
                "api": ("conv_transpose", "transpose_kernel", "conv_general_dilated"),
                "x64": ("0", "1"),
                "precision": ("default", "high", "highest"),
            },
        ),
        Framework(
            "tensorflow",
            "tensorflow",
            "tensorflow",
            modes=("eager", "function", "xla"),
            options={**_COMMON, "onednn": ("0", "1"), "tf32": ("0", "1"), "deterministic": ("0", "1")},
        ),
        Framework(
            "keras",
            "keras",
            "keras",
            backends=("tensorflow", "torch", "jax"),
            modes=("eager", "jit"),
            options={**_COMMON, "api": ("layer", "ops"), "onednn": ("0", "1")},
        ),
        Framework(
            "onnx",
            "onnx",
            "onnx",
            backends=("onnxruntime", "reference"),
            devices=("cpu",),
            options={"threads": ("<int>",)},  # MLAS, below ONNX Runtime, has no switch for instruction sets
        ),
    )
}

_GRAMMAR = re.compile(
    r"(?P<framework>[a-z_]+)(?:/(?P<backend>[a-z_]+))?(?::(?P<mode>[a-z_]+))?(?:@(?P<device>[a-z]+))?"
    r"(?P<options>(?:\+[a-z0-9_]+=[a-z0-9_.]+)*)(?:==(?P<version>[0-9][0-9A-Za-z.!+_-]*))?"
)


@dataclass(frozen=True, order=True)
class Target:
    """One place where a case runs. `str(target)` is its canonical text, with defaults left out."""

    framework: str
    backend: str = ""
    mode: str = "eager"
    device: str = "cpu"
    options: tuple[tuple[str, str], ...] = ()
    version: str = ""

    def __str__(self) -> str:
        text = self.framework
        if self.backend:
            text += f"/{self.backend}"
        if self.mode != "eager":
            text += f":{self.mode}"
        if self.device != "cpu":
            text += f"@{self.device}"
        text += "".join(f"+{name}={value}" for name, value in self.options)
        return text + (f"=={self.version}" if self.version else "")

    def capped(self) -> Target:
        """This target with the instruction set of CONFORMANCE_ISA, where that is set and the target names none.

        It caps a whole run, tests included, as if on an older processor. UsageError where it is no instruction set.
        """
        cap = os.environ.get("CONFORMANCE_ISA", "")
        if not cap or "isa" not in self.spec.options or self.option("isa", ""):
            return self
        if cap not in CAPS:
            raise UsageError(f"CONFORMANCE_ISA is {cap!r}, expected one of: {', '.join(CAPS)}")
        return replace(self, options=tuple(sorted((*self.options, ("isa", cap)))))

    def option(self, name: str, default: str) -> str:
        """The value of an option, or `default` where the target does not set it."""
        return dict(self.options).get(name, default)

    @property
    def spec(self) -> Framework:
        """The framework's entry in the table."""
        return FRAMEWORKS[self.framework]


def _one_of(kind: str, found: str, allowed: tuple[str, ...], text: str) -> None:
    if found in allowed:
        return
    expected = ", ".join(allowed) if allowed else "none"
    hint = did_you_mean(found, allowed)
    raise TargetError(f"target {text!r}: unknown {kind} {found!r}, expected one of: {expected}{hint}")


def parse_target(text: str) -> Target:
    """Read one target; TargetError says what was found and what was expected."""
    match = _GRAMMAR.fullmatch(text.strip())
    if match is None:
        raise TargetError(
            f"target {text!r} can't be read; expected framework[/backend][:mode][@device][+option=value][==version], "
            "for example torch:compile, keras/jax, tensorflow+onednn=0, jax==0.9.2"
        )
    name = match["framework"]
    _one_of("framework", name, tuple(FRAMEWORKS), text)
    spec = FRAMEWORKS[name]
    backend = match["backend"] or (spec.backends[0] if spec.backends else "")
    if backend:
        _one_of(f"backend of {name}", backend, spec.backends, text)
    mode = match["mode"] or "eager"
    _one_of(f"mode of {name}", mode, spec.modes, text)
    device = match["device"] or "cpu"
    _one_of(f"device of {name}", device, spec.devices, text)
    options: dict[str, str] = {}
    for pair in (match["options"] or "").split("+")[1:]:
        option, value = pair.split("=", 1)
        _one_of(f"option of {name}", option, tuple(spec.options), text)
        if option in options:
            raise TargetError(f"target {text!r}: option {option!r} is given twice")
        allowed = spec.options[option]
        if allowed == ("<int>",):
            if not value.isdigit() or not 1 <= int(value) <= 1024:
                raise TargetError(f"target {text!r}: option {option}={value!r}, expected an integer from 1 to 1024")
        else:
            _one_of(f"value of option {option!r}", value, allowed, text)
        options[option] = value
    return Target(name, backend, mode, device, tuple(sorted(options.items())), match["version"] or "")
