"""Targets: where a case runs.

The grammar is `framework[/backend][:mode][@device][+option=value]...[==version]`, for example `torch`,
`torch:compile`, `keras/jax`, `tensorflow:xla`, `tensorflow+onednn=0`, `torch+threads=2`, `jax@gpu`, `jax==0.9.2`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from conformance.frameworks.base import Framework
from conformance.frameworks.found import find
from conformance.text.nearest import did_you_mean
from conformance.usage import UsageError
from conformance.worker.processor import CAPS


class TargetError(ValueError):
    """A target that can't be read; the message says what was found and what was expected."""


FRAMEWORKS, BROKEN = find()

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
        """What is known of the framework."""
        return FRAMEWORKS[self.framework]

    @property
    def frameworks(self) -> tuple[Framework, ...]:
        """The framework, and the one that it runs on where its backend is one."""
        return tuple(FRAMEWORKS[name] for name in (self.framework, self.backend) if name in FRAMEWORKS)

    @property
    def shapes_alone(self) -> bool:
        """Whether it answers with a shape and a dtype, and no values."""
        return self.mode in self.spec.shapes_alone or self.backend in self.spec.shapes_alone

    def environment(self) -> dict[str, str | None]:
        """What must stand in the environment at the import; None for what must not stand there."""
        found: dict[str, str | None] = {}
        for framework in reversed(self.frameworks):
            found |= framework.environment(self.backend, dict(self.options))
        return found

    @property
    def modules(self) -> tuple[str, ...]:
        """What is imported: the framework, and its backend."""
        below = self.spec.below.get(self.backend)
        found = [*(framework.module for framework in self.frameworks), *([below.module] if below is not None else [])]
        return tuple(dict.fromkeys(found))


def in_columns(names: Iterable[str]) -> list[str]:
    """Targets in the one order that every table and list has them in: by framework, each plainest first.

    A record's names are a stranger's: one that is no target here stands where the others end.
    """
    frameworks = list(FRAMEWORKS)

    def place(name: str) -> tuple[int, str, int, str]:
        framework, _, backend = re.split(r"[:@+=]", name, maxsplit=1)[0].partition("/")
        spec = FRAMEWORKS.get(framework)
        if spec is None:
            return len(frameworks), framework, 0, name
        below = spec.backends.index(backend) if backend in spec.backends else len(spec.backends)
        return frameworks.index(framework), framework, below, name

    return sorted(dict.fromkeys(names), key=place)


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
    if name in BROKEN and name not in FRAMEWORKS:
        raise TargetError(f"target {text!r}: the framework {name!r} can't be used: {BROKEN[name]}")
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
