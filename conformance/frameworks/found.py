"""The frameworks that there are: entry points of the group `conformance.frameworks`, ours too.

    [project.entry-points."conformance.frameworks"]
    torch = "conformance.frameworks.torch:FRAMEWORK"

One that can't be loaded is no reason to do without the others: what is wrong with it is said where it is asked for.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import MappingProxyType

import conformance
from conformance.frameworks.base import Framework

GROUP = "conformance.frameworks"


@cache
def find() -> tuple[Mapping[str, Framework], Mapping[str, str]]:
    """name -> framework, in the order of lists; and name -> what is wrong with one that can't be used."""
    good, bad = read([*_ours(), *entry_points(group=GROUP)])
    ordered = sorted(good.values(), key=lambda framework: (framework.place, framework.name))
    return MappingProxyType({framework.name: framework for framework in ordered}), MappingProxyType(bad)


def read(points: Iterable[EntryPoint]) -> tuple[dict[str, Framework], dict[str, str]]:
    """The frameworks behind entry points, and what is wrong with the others. The first of a name is taken."""
    good: dict[str, Framework] = {}
    bad: dict[str, str] = {}
    taken: dict[str, str] = {}
    for point in points:
        if point.name in taken:
            if taken[point.name] != point.value:
                bad[point.name] = f"{point.value} has the name of {taken[point.name]}, which is used"
            continue
        taken[point.name] = point.value
        try:
            found = point.load()
        except Exception as error:  # whatever a package raises at its import
            bad[point.name] = f"{point.value} can't be loaded: {type(error).__name__}: {error}"
            continue
        if not isinstance(found, Framework):
            bad[point.name] = f"{point.value} is a {type(found).__name__}, expected a Framework"
        elif found.name != point.name:
            bad[point.name] = f"{point.value} is called {found.name!r}, but its entry point {point.name!r}"
        else:
            good[point.name] = found
    return good, bad


def _ours() -> list[EntryPoint]:
    """Those of a checkout, from its pyproject.toml: it need not be installed, or not since its last change."""
    project = Path(conformance.__file__).parents[1] / "pyproject.toml"
    try:
        said = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
        points = said["entry-points"][GROUP] if said["name"] == conformance.DISTRIBUTION else {}
    except (OSError, ValueError, KeyError):
        return []
    return [EntryPoint(name, value, GROUP) for name, value in points.items()]
