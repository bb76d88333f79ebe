"""Somebody's line of code as a call: parsed, never evaluated."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from conformance.recipe.call import CallError
from conformance.recipe.heads import is_method
from conformance.recipe.literals import LiteralError, Substitution, evaluate, holds_expression

MAX_CHARACTERS = 8_000
# What one output of a call is taken by.
OUTPUTS = ("0", "1", "values", "indices")
# What is called with the layer for its effect alone, or holds layers; the call in it is what is read.
_HOLDERS = frozenset("append add add_module insert extend Sequential ModuleList ModuleDict OrderedDict".split())
# What makes a layer's weights of other parameters. The weights that are used are the convolution's.
_REWEIGHTED = frozenset(
    "weight_norm spectral_norm WeightNorm SpectralNorm SpectralNormalization WeightNormalization norm_f".split()
)
# What is called on a layer or a tensor and leaves it what it is, but for its dtype.
_MOVED = frozenset(
    "to type cuda cpu eval train requires_grad_ apply contiguous detach clone half float double bfloat16".split()
)
_CASTS = {"half": "float16", "float": "float32", "double": "float64", "bfloat16": "bfloat16"}
_DTYPES = {**_CASTS, **{name: name for name in ("float16", "float32", "float64", "bfloat16")}}


@dataclass(frozen=True)
class Given:
    """An argument as it was given: its value (a literal, or an Expression) and where it stands."""

    value: object
    node: ast.expr


@dataclass(frozen=True)
class Parsed:
    """`dotted(arguments)`, and what it is called with in turn where a layer is applied: `layer(...)(x)`.

    `dtype` is what `.half()` or `.to(torch.float64)` behind it makes of it, or "". `receiver` is what a method is
    called on where that is no name, `taken` the one output that is taken: `values`, or `0`.
    """

    text: str
    dotted: str
    column: int
    arguments: tuple[Given, ...]
    keywords: tuple[tuple[str, Given], ...]
    applied: tuple[tuple[Given, ...], tuple[tuple[str, Given], ...]] | None = None
    dtype: str = ""
    notes: tuple[str, ...] = ()
    receiver: ast.expr | None = None
    taken: str = ""


def failure(text: str, column: int, message: str) -> CallError:
    """A CallError that shows the place."""
    return CallError(f"column {column}: {message}\n    {text}\n    {' ' * (column - 1)}^")


def parse(text: str, values: Mapping[str, ast.expr] | None = None) -> Parsed:
    """The call in a line of code; `y = ...`, `return ...`, a trailing comma, `.to(device)` may stand around it.

    `values` are those of names, attributes and calls in it, by their code in its normal form.
    """
    if len(text) > MAX_CHARACTERS:
        raise CallError(f"the call has {len(text):,} characters, expected at most {MAX_CHARACTERS:,}")
    tidy = _tidy(text)
    if not tidy:
        raise CallError("the call is empty, expected code such as: torch.nn.ConvTranspose2d(3, 8, 4, stride=2)")
    try:
        body = ast.parse(tidy).body
    except SyntaxError as error:
        raise failure(tidy, error.offset or 1, f"not valid Python: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise CallError(f"the call can't be parsed: {str(error) or 'it is nested too deeply'}") from None
    try:
        if values:
            body = [Substitution(values).visit(statement) for statement in body]
        return _call(tidy, body)
    except RecursionError:
        raise CallError("the call is nested too deeply") from None


def read_values(given: Iterable[str]) -> dict[str, ast.expr]:
    """`in_ch=64`, `self.k=(3, 3)`, `get_padding(k)=1`: the values of what is written in a call. Raises CallError."""
    values = {}
    for text in given:
        # The last `=` that leaves code on both sides: a name may be a call with keywords.
        for place in [i for i, character in enumerate(text) if character == "="][::-1]:
            try:
                name, value = (ast.parse(part.strip(), mode="eval").body for part in (text[:place], text[place + 1 :]))
                known = not holds_expression(evaluate(value))
            except (SyntaxError, ValueError, RecursionError, LiteralError):
                continue
            if known and holds_expression(evaluate(name)):
                values[ast.unparse(name)] = value
                break
        else:
            raise CallError(f"--let is {text!r}, expected what stands in the call and its value, such as in_ch=64")
    return values


def _call(tidy: str, body: Sequence[ast.stmt]) -> Parsed:
    """The call that is all of `body`."""
    if len(body) != 1:
        raise failure(tidy, _column(body[1]), f"found {len(body)} statements, expected one call")
    statement = body[0]
    plain = isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Return | ast.Expr)
    found = statement.value if plain else None  # type: ignore[attr-defined]
    notes: list[str] = []
    dtype, applied, taken = "", None, ""
    while True:
        if (inner := _inside(tidy, found, notes)) is not None:
            found = inner
            continue
        if not taken and (one := _taken(found)) is not None:
            taken, found = one
            continue
        if not isinstance(found, ast.Call):
            what = type(found or statement).__name__.lower()
            calls = [n for n in ast.walk(found or statement) if isinstance(n, ast.Call) and _convolves(n)]
            hint = f"; give the call alone: {ast.unparse(calls[0])}" if len(calls) == 1 else ""
            message = f"found {what}, expected a call such as conv2d(x, w){hint}"
            raise failure(tidy, _column(found or statement), message)
        behind = moved(found)
        if behind is not found and (isinstance(behind, ast.Call) or not is_method(found.func)):
            dtype, found = dtype or cast(found), behind
        elif isinstance(found.func, ast.Call) and applied is None:
            applied = _arguments(tidy, found)
            found = found.func
        else:
            break
    dotted, receiver = _dotted(found.func), None
    if not dotted and isinstance(found.func, ast.Attribute) and is_method(found.func):
        dotted, receiver = f"tensor.{found.func.attr}", found.func.value
    if not dotted or (receiver and any(isinstance(n, ast.Call) and _convolves(n) for n in ast.walk(receiver))):
        calls = [n for n in ast.walk(found.func) if isinstance(n, ast.Call) and _convolves(n)]
        hint = f"; give the call alone: {ast.unparse(calls[0])}" if calls else ""
        raise failure(tidy, _column(found.func), f"expected the name of a function or a layer before the bracket{hint}")
    arguments, keywords = _arguments(tidy, found)
    return Parsed(tidy, dotted, _column(found), arguments, keywords, applied, dtype, tuple(notes), receiver, taken)


def _taken(node: ast.expr | None) -> tuple[str, ast.Call] | None:
    """`0` and the call, of `torch.max(x, 1)[0]`; `values`, of `torch.max(x, 1).values`."""
    if not isinstance(node, ast.Subscript | ast.Attribute) or not isinstance(node.value, ast.Call):
        return None
    name = ast.unparse(node.slice) if isinstance(node, ast.Subscript) else node.attr
    return (name, node.value) if name in OUTPUTS else None


def moved(node: ast.expr) -> ast.expr:
    """A layer or a tensor without one `.to(device)`, `.half()` or `.cuda()` behind it."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _MOVED:
        inner = node.func.value
        return inner if isinstance(inner, ast.Call) or node.func.attr in {*_CASTS, "to", "type"} else node
    return node


def cast(node: ast.expr) -> str:
    """The dtype that the last `.half()`, `.to(torch.float64)` or the like gives a layer or a tensor, or ""."""
    while (inner := moved(node)) is not node:
        assert isinstance(node, ast.Call)
        assert isinstance(node.func, ast.Attribute)
        words = [node.func.attr] if node.func.attr in _CASTS else []
        words += [ast.unparse(n).rpartition(".")[2] for n in (*node.args, *(k.value for k in node.keywords))]
        if found := next((_DTYPES[word] for word in words if word in _DTYPES), ""):
            return found
        node = inner
    return ""


def _inside(tidy: str, node: ast.expr | None, notes: list[str]) -> ast.expr | None:
    """The one call in a tuple, a list, `layers.append(...)`, `nn.Sequential(...)` or `weight_norm(...)`, or None."""
    if isinstance(node, ast.Tuple | ast.List):
        parts, name = node.elts, "the line"
    elif isinstance(node, ast.Call) and (name := ast.unparse(node.func)).rpartition(".")[2] in _HOLDERS | _REWEIGHTED:
        parts = node.args
    else:
        return None
    calls = [part for part in parts if isinstance(part, ast.Call | ast.Tuple | ast.List)]
    several = [n for part in calls for n in ast.walk(part) if isinstance(n, ast.Call) and _convolves(n)]
    if len(several) > 1:
        each = "".join(f"\n    {ast.unparse(call)}" for call in several)
        raise failure(tidy, _column(node), f"{name} holds {len(several)} convolutions, expected one at a time:{each}")
    holding = [part for part in calls if any(n in several for n in ast.walk(part))] or calls
    if len(holding) != 1:
        return None
    if name.rpartition(".")[2] in _REWEIGHTED:
        notes.append(f"{name} only makes the weights: those are meant that the convolution then has")
    elif len(calls) > 1:
        notes.append(f"of what {name} holds this alone is read: {ast.unparse(holding[0])}")
    return holding[0]


def _convolves(call: ast.Call) -> bool:
    return "conv" in ast.unparse(call.func).rpartition(".")[2].lower()


def _arguments(tidy: str, call: ast.Call) -> tuple[tuple[Given, ...], tuple[tuple[str, Given], ...]]:
    arguments = []
    for argument in call.args:
        if isinstance(argument, ast.Starred):
            raise failure(tidy, _column(argument), "found *, expected every argument written out")
        arguments.append(_given(tidy, argument))
    keywords = []
    for keyword in call.keywords:
        if keyword.arg is None:
            raise failure(tidy, _column(keyword.value), "found **, expected every argument written out")
        keywords.append((keyword.arg, _given(tidy, keyword.value)))
    return tuple(arguments), tuple(keywords)


def _given(tidy: str, node: ast.expr) -> Given:
    try:
        return Given(evaluate(node), node)
    except LiteralError as error:
        raise failure(tidy, _column(node), str(error)) from None


def _tidy(text: str) -> str:
    """One line: comments out, whitespace to single spaces. What can't be tokenised is left for `parse` to refuse."""
    if "#" in text:
        try:
            tokens = list(tokenize.generate_tokens(io.StringIO(text.strip() + "\n").readline))
        except (tokenize.TokenError, IndentationError):
            tokens = []
        lines = text.strip().split("\n")
        for token in tokens:
            if token.type == tokenize.COMMENT:
                row, start = token.start
                lines[row - 1] = lines[row - 1][:start]
        text = "\n".join(lines)
    return " ".join(text.split())


def _dotted(node: ast.expr) -> str:
    """`torch.nn.Conv2d`, or "" where the expression is not a plain dotted name."""
    text = ast.unparse(node)
    return text if all(part.isidentifier() for part in text.split(".")) else ""


def _column(node: ast.AST) -> int:
    return int(getattr(node, "col_offset", 0)) + 1
