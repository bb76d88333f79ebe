"""`conformance targets`: which targets there are here. Nothing is imported; what a name means is in docs/targets.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from conformance.environments.installed import default_targets, missing
from conformance.frameworks.base import Framework
from conformance.session import declare
from conformance.target import BROKEN, FRAMEWORKS, TargetError, parse_target
from conformance.text.nearest import did_you_mean
from conformance.usage import OK, UsageError
from conformance.worker.processor import instruction_sets, model


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `targets` is asked."""

    framework: str | None = declare.positional(
        nargs="?", default=None, metavar="FRAMEWORK", help="one framework (default: all of them)"
    )


def main(options: Options) -> int:
    """Print what is installed, and what can stand in a target's name."""
    name = options.framework
    if name is not None and name not in FRAMEWORKS:
        why = f": it can't be used: {BROKEN[name]}" if name in BROKEN else ""
        hint = did_you_mean(name, FRAMEWORKS)
        raise UsageError(f"no framework {name!r}{why}, expected one of: {', '.join(FRAMEWORKS)}{hint}")
    for framework in FRAMEWORKS.values() if name is None else [FRAMEWORKS[name]]:
        print("\n".join(_described(framework)) + "\n")
    if name is None:
        print(f"processor  {model()}: {', '.join(instruction_sets()) or 'its instruction sets are not known'}")
        print(f"default    {', '.join(map(str, default_targets()[0])) or 'none: no framework is installed'}")
        print("\na target is written framework[/backend][:mode][@device][+option=value]...[==version]")
    return OK


def _described(framework: Framework) -> Iterator[str]:
    found = _version(framework)
    yield f"{framework.name}  {found or f'not installed: pip install {framework.light or framework.package}'}"
    if framework.backends:
        yield f"  backends  {', '.join(_backend(framework, name) for name in framework.backends)}"
    yield f"  modes     {', '.join(framework.modes)}"
    gpu = "" if "gpu" not in framework.devices else " (whether there is a gpu that it can use, a run finds out)"
    yield f"  devices   {', '.join(framework.devices)}{gpu}"
    options = [
        f"{name}={'N' if values == ('<int>',) else '|'.join(values)}" for name, values in framework.options.items()
    ]
    yield f"  options   {', '.join(options) or 'none'}"


def _backend(framework: Framework, name: str) -> str:
    lacks = missing(parse_target(f"{framework.name}/{name}"))
    return name + (f" (no module {lacks!r})" if lacks else "")


def _version(framework: Framework) -> str:
    """What is installed of a framework, "" where nothing is."""
    try:
        if missing(parse_target(framework.name)) == framework.module:
            return ""
    except TargetError:
        return ""
    for name in filter(None, (framework.package, framework.light)):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "installed, of a version that its worker will say"
