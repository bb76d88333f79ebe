"""Whose function a name may be, and a call in the words that are read.

A name (`F.relu`, `x.mean`, `keras.losses.Huber`) is looked for among the known signatures and in the words of every op.
What a signature says in other words (a method, an older keyword, a loss class) becomes the call that it says.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from conformance.frameworks import several
from conformance.frameworks.base import Framework
from conformance.frameworks.calls import REQUIRED, Known
from conformance.frameworks.found import find
from conformance.ops.base import Op
from conformance.ops.defined import DEFINED
from conformance.recipe.call import CallError
from conformance.recipe.heads import FREE, Side, bind, full_names, method_names, shown
from conformance.recipe.literals import evaluate
from conformance.recipe.syntax import Given, Parsed, parse

READ_AS = "it is read as "
_FUNCTION = re.compile(r"((?:[A-Za-z_]\w*\.)+[\w{}|]+)\(")
_HOLE = re.compile(r"\{\w+(?:\|\w+)*\}")


def is_known(dotted: str) -> bool:
    """Whether any framework's words have a function of this name."""
    return any(known or any(_ops(framework, name, known)) for framework, name, known in _named(dotted))


def known_names() -> list[str]:
    """Every function that is read by words, for messages."""
    return [name for framework in find()[0].values() for name in framework.calls]


def _named(dotted: str) -> Iterator[tuple[Framework, str, Known | None]]:
    """Every framework that a name may be of, and the name in full; with its signature, where that is known."""
    bare = "." not in dotted
    of_tensors = method_names(dotted)
    for framework in find()[0].values():
        listed = framework.calls
        names = [n for n in full_names(dotted) if n.split(".")[0] in framework.first_words]
        names += of_tensors.get(framework.name, ())
        if bare:
            names += [n for n in listed if n.rpartition(".")[2] == dotted and not n.startswith(f"{framework.tensor}.")]
        for name in dict.fromkeys(names):
            yield framework, name, listed.get(name)


def _ops(framework: Framework, name: str, known: Known | None) -> Iterator[type[Op]]:
    """Every op in whose words a name in full may be the function."""
    wanted = known.like or name if known else name
    method = f"x.{wanted.rpartition('.')[2]}" if wanted.startswith(f"{framework.tensor}.") else ""
    for kind in DEFINED.values():
        texts = [words.text for words in several(framework.words.get(kind.name))]
        every = [function for text in texts for function in _FUNCTION.findall(text)]
        of = known is not None and kind.name in known.of
        if of or method in every or any(_may_be(kind, function, wanted) for function in every):
            yield kind


def spoken_calls(parsed: Parsed, errors: list[CallError]) -> Iterator[tuple[Framework, type[Op], str, Parsed]]:
    """The cells of a call, and the call in the words that are read: a method as a function, another one as it says."""
    for framework, name, known in _named(parsed.dotted):
        own = parsed
        if name == f"{framework.tensor}.{parsed.dotted.rpartition('.')[2]}" and name not in full_names(parsed.dotted):
            receiver = parsed.receiver or ast.parse(parsed.dotted.rpartition(".")[0], mode="eval").body
            own = replace(parsed, arguments=(Given(evaluate(receiver), receiver), *parsed.arguments))
        own = _of_today(own, framework, known)
        try:
            spoken = _rewritten(own, name, known)
        except CallError as error:
            errors.append(error)
            continue
        if spoken is own:
            yield from ((framework, kind, name, own) for kind in _ops(framework, name, known))
        else:
            yield from (cell for cell in spoken_calls(spoken, errors) if cell[0].name == framework.name)


def _of_today(parsed: Parsed, framework: Framework, known: Known | None) -> Parsed:
    """A call with the keywords that a framework still takes by those of today."""
    keywords = []
    for word, given in parsed.keywords:
        new, _, form = framework.older.get(word, "").partition("=")
        if known and new in known.parameters and word not in known.parameters:
            node = ast.parse(form.format(ast.unparse(given.node)), mode="eval").body
            keywords.append((new, Given(evaluate(node), node)))
        else:
            keywords.append((word, given))
    return replace(parsed, keywords=tuple(keywords))


def _rewritten(parsed: Parsed, name: str, known: Known | None) -> Parsed:
    """A call in the words that its signature says it in; CallError where what they leave out is no default."""
    way = f"; {known.way}" if known and known.way else ""
    if known and known.instead:
        raise CallError(f"{parsed.text}\n  {name} is no one call here: {known.instead}")
    if known is None or not known.says or parsed.taken not in known.says:
        if parsed.taken:
            raise CallError(f"{parsed.text}\n  one output of {name} is no call that is read; give the call alone{way}")
        return parsed
    text = known.says[parsed.taken]
    given = bind(name, (a.node for a in parsed.arguments), ((k, v.node) for k, v in parsed.keywords), known)
    person = Side(given, known)
    for parameter, default in known.parameters.items():
        if f"{{{parameter}}}" in text or f"{{{parameter}?}}" in text:
            continue
        if parameter not in FREE and person.value(parameter) != default:
            said = f"{parameter} is {shown(person.value(parameter))}, expected {shown(default)}"
            raise CallError(f"{parsed.text}\n  {name} is read as {text}, but {said}{way}")
    values = {p: ast.unparse(given[p]) if p in given else shown(d) for p, d in known.parameters.items()}
    if missing := [p for p, d in known.parameters.items() if d is REQUIRED and p not in given and f"{{{p}}}" in text]:
        raise CallError(f"{parsed.text}\n  {name} misses {', '.join(missing)}")
    text = re.sub(r", \w+=\{(\w+)\?\}", lambda hole: hole[0].replace("?", "") if hole[1] in given else "", text)
    spoken = parse(re.sub(r"\{(\w+)\}", lambda hole: values[hole[1]], text))
    return replace(spoken, text=parsed.text, notes=(*parsed.notes, f"{READ_AS}{spoken.text}"))


def _may_be(kind: type[Op], function: str, wanted: str) -> bool:
    """Whether words with holes in a function's name may name this one."""
    if not re.fullmatch(r"\w*".join(map(re.escape, _HOLE.split(function))), wanted):
        return False
    last = function.rpartition(".")[2]
    if _HOLE.sub("", last):
        return True
    # A name that is a hole as a whole is one of the words of its parameter.
    field = kind.fields().get(last.strip("{}").partition("|")[0])
    return field is not None and wanted.rpartition(".")[2] in field.words
