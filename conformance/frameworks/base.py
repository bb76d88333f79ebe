"""What a framework is to the harness: one object in one room, a package with files of fixed names.

    __init__.py   FRAMEWORK: this object. Found by entry point, so it imports neither its framework nor the files below
    words/        TABLE: how it is asked, a family of ops a file (or words.py)
    calls.py      CALLS: the signatures of the functions in its words, by which `recipe` reads them; may be left out
    allowed.py    ALLOWED: what plans may call
    runtime.py    RUNTIME: what a worker runs plans with
    surface.py    SURFACE: how a stand-alone script asks it

A worker loads `runtime.py` and `allowed.py` by their paths, in the framework's own interpreter: Python 3.9, the
standard library, NumPy, the framework, and of this package `conformance.worker` alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from conformance.worker.processor import CAPS

if TYPE_CHECKING:
    from conformance.frameworks import Cell
    from conformance.frameworks.calls import Known
    from conformance.frameworks.surface import Surface
    from conformance.worker.allowed import Table

# Options that are the same for every framework that takes them. ("<int>",) stands for any positive integer.
THREADS = {"threads": ("<int>",)}
COMMON: Mapping[str, tuple[str, ...]] = {**THREADS, "isa": CAPS}

_WORD = re.compile(r"[a-z_]+")
_OPTION = re.compile(r"[a-z0-9_]+")
_VALUE = re.compile(r"[a-z0-9_.]+")

Options: TypeAlias = Mapping[str, tuple[str, ...]]


class Below(NamedTuple):
    """A backend that is no framework of its own."""

    package: str  # the distribution to install
    module: str
    versioned: bool = False  # whether a target's version is its own, and not the framework's


@dataclass(frozen=True)
class Framework:
    """What is known about a framework without importing it, and where its room is."""

    name: str  # as targets write it
    title: str  # as its makers write it
    room: str  # the package with its files; `__name__` in its __init__.py
    package: str  # the distribution to install
    module: str  # the module to look for
    # What dotted names of its plans begin with, where not with the module; no input may be called so.
    roots: tuple[str, ...] = ()
    place: int = 100  # where it stands in lists: those that ship come first
    # A name of a framework, or of one of `below`. The first is the default.
    backends: tuple[str, ...] = ()
    below: Mapping[str, Below] = field(default_factory=dict)
    modes: tuple[str, ...] = ("eager",)
    devices: tuple[str, ...] = ("cpu", "gpu")
    # option -> the values it takes
    options: Options = field(default_factory=lambda: dict(COMMON))
    # What its libraries read from the environment at its import: variable -> value. {threads} is the target's number.
    settings: Mapping[str, str] = field(default_factory=dict)
    # option -> the variable that the framework reads it from, at its import
    variables: Mapping[str, str] = field(default_factory=dict)
    backend_variable: str = ""
    # What runs of it where nothing else is said.
    defaults: tuple[str, ...] = ()
    # Why there are no gradients, at all, or in a mode or on a backend; observed.
    no_gradient: str = ""
    without_gradient: Mapping[str, str] = field(default_factory=dict)
    # Modes and backends that infer shapes and dtypes and compute no values.
    shapes_alone: tuple[str, ...] = ()
    # The modes in which it starts programs, such as a compiler: `compile`, or `torch:jit` of one backend alone.
    programs: tuple[str, ...] = ()
    # Frameworks of whose files its own make use.
    beside: tuple[str, ...] = ()
    # For environments of a version: device -> what is added to the package's name, and the name under which it is
    # published without support for GPUs (Linux on x86-64).
    extras: Mapping[str, str] = field(default_factory=dict)
    light: str = ""

    def __post_init__(self) -> None:
        words = [*self.backends, *self.modes, *self.devices]
        wrong = [word for word in (self.name, *words) if not _WORD.fullmatch(word)]
        wrong += [name for name in self.options if not _OPTION.fullmatch(name)]
        wrong += [
            v for values in self.options.values() if values != ("<int>",) for v in values if not _VALUE.fullmatch(v)
        ]
        if wrong:
            raise ValueError(f"{wrong[0]!r} can't stand in a target, expected lower-case letters and _")
        if self.modes[:1] != ("eager",) or self.devices[:1] != ("cpu",):
            raise ValueError(
                "the first mode must be 'eager' and the first device 'cpu': a target's text leaves them out"
            )
        if stray := [*(set(self.variables) - set(self.options)), *(set(self.below) - set(self.backends))]:
            raise ValueError(f"{stray[0]!r} is no option or backend of it")

    @property
    def first_words(self) -> tuple[str, ...]:
        """What dotted names of its plans begin with."""
        return self.roots or (self.module,)

    @cached_property
    def folder(self) -> Path:
        """Where its files are."""
        (folder,) = import_module(self.room).__path__
        return Path(folder)

    @cached_property
    def words(self) -> Mapping[str, Cell]:
        """op -> how it is asked, or why it can't be."""
        table: Mapping[str, Cell] = self._file("words").TABLE
        return table

    @cached_property
    def calls(self) -> Mapping[str, Known]:
        """The signatures of the functions in its words, by name; none where its room has no file of them."""
        found: Mapping[str, Known] = self._file("calls").CALLS if (self.folder / "calls.py").is_file() else {}
        return found

    @cached_property
    def older(self) -> Mapping[str, str]:
        """Keywords that its functions still take, and those of today: `keepdim={}`."""
        found: Mapping[str, str] = getattr(self._file("calls"), "OLDER", {}) if self.calls else {}
        return found

    @cached_property
    def tensor(self) -> str:
        """The class of its tensors, by whose name their methods stand in `calls`; "" where they have none."""
        return str(getattr(self._file("calls"), "TENSOR", "")) if self.calls else ""

    @cached_property
    def allowed(self) -> Table:
        """What its plans may call."""
        table: Table = self._file("allowed").ALLOWED
        return table

    @property
    def surface(self) -> type[Surface]:
        """How a stand-alone script asks it."""
        found: type[Surface] = self._file("surface").SURFACE
        return found

    def _file(self, name: str) -> Any:
        return import_module(f"{self.room}.{name}")

    def versioned(self, backend: str) -> str:
        """The backend whose version a target's version is, or "" where it is the framework's own."""
        return backend if backend in self.below and self.below[backend].versioned else ""

    def gradient_reason(self, backend: str, mode: str) -> str:
        """Why there are no gradients on a backend and in a mode, or "" where there are."""
        return self.no_gradient or self.without_gradient.get(mode, "") or self.without_gradient.get(backend, "")

    def starts_programs(self, backend: str, mode: str) -> bool:
        """Whether it starts programs by itself in a mode."""
        return mode in self.programs or f"{backend}:{mode}" in self.programs

    def environment(self, backend: str, options: Mapping[str, str]) -> dict[str, str | None]:
        """What must stand in the environment at its import; None for what must not stand there.

        A target's text says all that it depends on: what the user's shell says of an option must not change it.
        """
        found: dict[str, str | None] = {name: options.get(option) for option, name in self.variables.items()}
        threads = options.get("threads", "1")
        found |= {name: value.replace("{threads}", threads) for name, value in self.settings.items()}
        if self.backend_variable:
            found[self.backend_variable] = backend
        return found
