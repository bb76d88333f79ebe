"""Which target of one record is compared with which of the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from conformance.target import Target, TargetError, parse_target
from conformance.text.nearest import did_you_mean
from conformance.usage import UsageError


def parse_maps(texts: Iterable[str]) -> dict[str, str]:
    """`--map A=B`, each -> target of the first record: target of the second; UsageError where one can't be read.

    A and B may have '=' in them (`jax==0.9.2=jax==0.10.2`, `torch+threads=2=torch`): the '=' that parts them is the
    one with a target on either side.
    """
    found: dict[str, str] = {}
    for text in texts:
        before, after = _parted(text)
        if before in found and found[before] != after:
            raise UsageError(f"--map: {before} is to be compared with both {found[before]} and {after}; map it once")
        found[before] = after
    return found


def _parted(text: str) -> tuple[str, str]:
    ways = []
    trouble = ""
    for place in (i for i, character in enumerate(text) if character == "="):
        try:
            ways.append((str(parse_target(text[:place])), str(parse_target(text[place + 1 :]))))
        except TargetError as error:
            trouble = str(error)
    if len(ways) == 1:
        return ways[0]
    if not ways:
        reason = f" ({trouble})" if trouble else ""
        raise UsageError(
            f"--map {text!r} can't be read, expected A=B with two targets, such as jax==0.9.2=jax==0.10.2{reason}"
        )
    said = " or ".join(f"{a} with {b}" for a, b in ways)
    raise UsageError(f"--map {text!r} can be read in more than one way: {said}")


def pair_targets(
    before: Sequence[str], after: Sequence[str], mapping: Mapping[str, str] | None = None
) -> list[tuple[str, str]]:
    """The pairs of targets to compare, in the order of the first record.

    Those of `mapping`, where there is one: and then, unless it names them, each target with the equal one. Without a
    counterpart that is equal, the one that is equal but for its `==version` is taken, if there is only one.
    UsageError where a target of `mapping` is not in its record, or where nothing can be paired.
    """
    mapping = mapping or {}
    for side, asked, known in (("first", list(mapping), before), ("second", list(mapping.values()), after)):
        for name in asked:
            if name not in known:
                hint = did_you_mean(name, known)
                raise UsageError(
                    f"--map: {name} is not in the {side} record, which has {', '.join(known) or 'no target'}{hint}"
                )
    pairs = list(mapping.items())
    taken_before, taken_after = set(mapping), set(mapping.values())
    rest_before = [name for name in before if name not in taken_before]
    rest_after = [name for name in after if name not in taken_after]
    pairs += [(name, name) for name in rest_before if name in rest_after]
    done = {name for name, _ in pairs}, {name for _, name in pairs}
    bare_before = _by_bare(name for name in rest_before if name not in done[0])
    bare_after = _by_bare(name for name in rest_after if name not in done[1])
    for bare, names in bare_before.items():
        others = bare_after.get(bare, [])
        if len(names) == len(others) == 1:
            pairs.append((names[0], others[0]))
    if not pairs:
        raise UsageError(
            f"the records have no target in common: the first has {', '.join(before) or 'none'}, the second "
            f"{', '.join(after) or 'none'}; say which to compare with --map A=B"
        )
    order = {name: place for place, name in enumerate(before)}
    return sorted(pairs, key=lambda pair: order[pair[0]])


def _by_bare(names: Iterable[str]) -> dict[Target | str, list[str]]:
    found: dict[Target | str, list[str]] = {}
    for name in names:
        try:
            bare: Target | str = replace(parse_target(name), version="")
        except TargetError:
            bare = name  # of a framework that this version does not know
        found.setdefault(bare, []).append(name)
    return found
