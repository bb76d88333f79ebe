"""What differs between two frameworks, op by op, for who ports a model: defaults, layouts, what one can't be asked.

Everything on the page follows from the words, the signatures, the declared divergences and the cases; nothing is
written for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from conformance.frameworks import Ask, lower
from conformance.frameworks.calls import REQUIRED, Known
from conformance.known.entry import Entry
from conformance.ops.base import Field, Op
from conformance.ops.call import Call
from conformance.ops.defined import DEFINED
from conformance.plan import Plan
from conformance.recipe.heads import Head, Side, bound_head, head_of
from conformance.recipe.literals import Expression
from conformance.recipe.signatures import ON_JAX, Signature, signatures
from conformance.report.ops import reasons
from conformance.suite.case import Case
from conformance.target import FRAMEWORKS, Target, parse_target
from conformance.text.markdown import code, escaped, table

DTYPE = "float32"
# Of a convolution's signature what changes its numbers.
_TOLD = (
    "stride strides padding dilation dilations dilation_rate rhs_dilation groups output_padding output_shape "
    "data_format dimension_numbers padding_mode transpose_kernel use_bias bias"
).split()


# How a framework is asked an op: a target, its plan, and the one call in it that a person would write.
Form: TypeAlias = tuple[Target, Plan, Head | None]


@dataclass(frozen=True)
class Default:
    """What a function does where nothing is said: `eps=1e-05`, and what that is as the op's parameter."""

    function: str
    text: str
    value: Any


def porting(one: str, other: str, entries: Sequence[Entry], cases: Iterable[Case]) -> str:
    """The page of a pair of frameworks, as Markdown."""
    names = (one, other)
    titles = [FRAMEWORKS[name].title for name in names]
    calls = [case for case in cases if isinstance(case.op, Call)]
    lines = [
        f"# {titles[0]} and {titles[1]}: what differs",
        "",
        f"What `conformance ops --pair {one} {other}` prints: from how each is asked, the signatures of its functions,",
        "the declared divergences and the cases. Run a case to see its numbers. Read it before you port: most of what",
        "is here gives other numbers, and no error.",
        "",
    ]
    sections = [(op.name, _section(op, names, entries, calls)) for op in DEFINED.values()]
    told = [name for name, section in sections if section]
    lines += [" · ".join(f"[{name}](#{name})" for name in told), ""]
    for name, section in sections:
        lines += [f"## {name}", "", *section] if section else []
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(op: type[Op], names: tuple[str, str], entries: Sequence[Entry], calls: Sequence[Case]) -> list[str]:
    titles = [FRAMEWORKS[name].title for name in names]
    found = [list(_plans(op, name)) for name in names]
    lines: list[str] = []
    if all(found):
        asked = [code(" or ".join(dict.fromkeys(head.function for _, _, head in plans if head))) for plans in found]
        rows = [["asked by", *(text or "several calls" for text in asked)]]
        rows += _signatures(op, names)
        rows += _defaults(op, found)
        rows += _layouts(op, [plans[0][1] for plans in found])
        lines += table(["", *titles], rows)
    for name, title in zip(names, titles, strict=True):
        lines += [f"- {title}, {escaped(reason)}" for reason in reasons(op.name, name)]
    functions = {head.function for plans in found for _, _, head in plans if head}
    functions |= {f for name in names for f, known in FRAMEWORKS[name].calls.items() if known.like in functions}
    shown = [case for case in calls if _shows(case, names, functions)]
    lines += [f"- {escaped(case.about or case.id)} {code('conformance run ' + repr(case.id))}" for case in shown]
    lines += [
        f"- {escaped(entry.known.reason)} ({code(entry.known.name)}: {entry.known.kind}"
        + (f", [upstream]({entry.known.link}))" if entry.known.link else ")")
        for entry in entries
        if op.name in entry.ops and any(on.framework in names for on in entry.targets)
    ]
    return [*lines, ""] if lines else []


def _plans(op: type[Op], name: str) -> Iterator[Form]:
    """Each form in which a framework is asked a question of the op: the default one, or one as near as it can say."""
    framework = FRAMEWORKS[name]
    for option in ("", *(f"+api={value}" for value in framework.options.get("api", ()))):
        target = parse_target(name + option)
        if (found := _asked(op, target, {})) is not None:
            yield target, found, head_of(found, framework.first_words)


def _asked(op: type[Op], target: Target, values: Mapping[str, Any]) -> Plan | None:
    """The plan that asks the op with these values; with another word or truth elsewhere where there is none."""
    fields = op.fields()
    others = ((n, v) for n, field in fields.items() if n not in values for v in (*field.words, *_truths(field)))
    for name, other in (("", None), *others):
        given = {**{n: f.default for n, f in fields.items()}, **values, **({name: other} if name else {})}
        try:
            asked = op.bind(given)
        except (ValueError, TypeError):
            continue
        if asked.refusal() is None:
            plan = lower(Ask(asked, asked.meaning(), DTYPE, target))
            if isinstance(plan, Plan):
                return plan
    return None


def _truths(field: Field) -> tuple[bool, ...]:
    return (not field.default,) if isinstance(field.default, bool) else ()


def _signatures(op: type[Op], names: tuple[str, str]) -> Iterator[list[str]]:
    """What convolutions take where nothing is said, in the words of each: those of a plane stand for all ranks."""
    found = [[s for s in signatures().values() if (s.op, s.framework) == (op.name, name)] for name in names]
    shown = [[s for s in those if s.dims in (2, None) and s.name.split(".")[0] not in ON_JAX] for those in found]
    if all(shown):
        yield ["by default", *("<br>".join(code(_defaults_of(s)) for s in those) for those in shown)]


def _defaults_of(signature: Signature) -> str:
    said = {n: v for n, v in signature.parameters.items() if n in _TOLD}
    listed = (n if v is REQUIRED else f"{n}={v!r}" for n, v in said.items())
    return f"{signature.name}({', '.join(listed)})"


def _defaults(op: type[Op], asked: Sequence[Sequence[Form]]) -> Iterator[list[str]]:
    """A row a parameter that some function has a default for; `asked`: the forms in which each framework is."""
    for parameter, field in op.fields().items():
        cells, values = [], []
        for forms in asked:
            found = list(_of_framework(op, forms, parameter, field))
            values.append({repr(default.value) for default in found})
            cells.append("<br>".join(_shown(default) for default in found))
        if any(values):
            mark = " **differs**" if all(values) and (values[0] != values[1] or len(values[0]) > 1) else ""
            yield [f"{code(parameter)} by default{mark}", *cells]


def _shown(default: Default) -> str:
    own = "" if default.text.endswith(f"={default.value!r}") else f" (here {default.value!r})"
    return code(f"{default.function}({default.text})") + own


def _of_framework(op: type[Op], forms: Sequence[Form], parameter: str, field: Field) -> Iterator[Default]:
    seen = set()
    for target, _, head in forms:
        calls = target.spec.calls
        if head is None or head.function not in calls:
            continue
        for function in (head.function, *(f for f, known in calls.items() if known.like == head.function)):
            found = _meant(op, target, function, calls[function], parameter, field)
            if found is not None and found not in seen:
                seen.add(found)
                yield found


def _meant(op: type[Op], target: Target, function: str, known: Known, parameter: str, field: Field) -> Default | None:
    """What a function's defaults are as the op's parameter: the value for which the words say just those."""
    said: dict[str, tuple[Any, Mapping[str, object]]] = {}
    for value in _values(field, known):
        found = _arguments(op, target, {parameter: value})
        if found is not None:
            said[repr(value)] = (value, found)
    names = {n for _, arguments in said.values() for n in arguments}
    turning = [n for n in names if len({repr(arguments.get(n)) for _, arguments in said.values()}) > 1]
    turning = [n for n in known.parameters if n in turning]
    if not turning or any(known.parameters[n] is REQUIRED for n in turning):
        return None
    for value, arguments in said.values():
        if all(repr(arguments.get(n)) == repr(known.parameters[n]) for n in turning):
            return Default(function, ", ".join(f"{n}={known.parameters[n]!r}" for n in turning), value)
    return None


def _arguments(op: type[Op], target: Target, values: Mapping[str, Any]) -> dict[str, object] | None:
    """The literal arguments of the words' own call, defaults filled in; None where there is no such call."""
    asked = _asked(op, target, values)
    head = head_of(asked, target.spec.first_words) if asked else None
    if head is None or head.function not in target.spec.calls:
        return None
    known = target.spec.calls[head.function]
    side = Side(bound_head(head, known), known)
    found = {name: side.value(name) for name in known.parameters}
    return {name: value for name, value in found.items() if not isinstance(value, Expression)}


def _values(field: Field, known: Known) -> Iterator[Any]:
    """What a parameter may be, those of the signature's defaults and what they leave of 1 among them."""
    raw: list[Any] = [field.default, *field.words, *field.near, True, False, None]
    for default in known.parameters.values():
        raw += [default]
        raw += [round(1.0 - default, 12)] if isinstance(default, float) else []
    seen = set()
    for value in raw:
        try:
            parsed = field.parse(value)
        except (ValueError, TypeError):
            continue
        if repr(parsed) not in seen:
            seen.add(repr(parsed))
            yield parsed


def _layouts(op: type[Op], plans: Sequence[Plan]) -> Iterator[list[str]]:
    """A row a tensor that the two lay out otherwise, or hold the slices of in another order."""
    asked = op()
    for spec in (*asked.inputs(), *asked.outputs()):
        said = [str(plan.layout(spec.name)) for plan in plans if spec.name in dict(plan.layouts)]
        if len(set(said)) > 1:
            yield [f"layout of {code(spec.name)}", *map(code, said)]


def _shows(case: Case, names: tuple[str, str], functions: set[str]) -> bool:
    """Whether a call of people's shows something of one of these functions on one of the two frameworks."""
    assert isinstance(case.op, Call)
    texts = [plan.text for name in names if (plan := case.op.plan(name))]
    return any(re.search(rf"\b{re.escape(function)}\(", text) for text in texts for function in functions)
