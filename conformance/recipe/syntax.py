"""Somebody's line of code as a call: parsed, never evaluated."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass

from conformance.recipe.call import CallError

MAX_CHARACTERS = 8_000
# What a literal may come to: lengths are 64-bit numbers, and Python can't even print one of 4,300 digits.
MAX_BITS = 63
MAX_ENTRIES = 64


@dataclass(frozen=True)
class Expression:
    """A value that only running the code would tell: a variable, an attribute, a call."""

    node: ast.expr

    @property
    def text(self) -> str:
        """The code, in its normal form."""
        return ast.unparse(self.node)


@dataclass(frozen=True)
class Given:
    """An argument as it was given: its value (a literal, or an Expression) and where it stands."""

    value: object
    node: ast.expr


@dataclass(frozen=True)
class Parsed:
    """`dotted(arguments)`, and what it is called with in turn where a layer is applied: `layer(...)(x)`."""

    text: str
    dotted: str
    column: int
    arguments: tuple[Given, ...]
    keywords: tuple[tuple[str, Given], ...]
    applied: ast.Call | None


def failure(text: str, column: int, message: str) -> CallError:
    """A CallError that shows the place."""
    return CallError(f"column {column}: {message}\n    {text}\n    {' ' * (column - 1)}^")


def parse(text: str) -> Parsed:
    """The call in a line of code; `y = ...`, `return ...` and a trailing comma may stand around it."""
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
        return _call(tidy, body)
    except RecursionError:
        raise CallError("the call is nested too deeply") from None


def _call(tidy: str, body: Sequence[ast.stmt]) -> Parsed:
    """The call that is all of `body`."""
    if len(body) != 1:
        raise failure(tidy, _column(body[1]), f"found {len(body)} statements, expected one call")
    statement = body[0]
    found = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign | ast.Return | ast.Expr) else None
    if isinstance(found, ast.Tuple) and len(found.elts) == 1:
        found = found.elts[0]  # a line of a list, with its comma
    if not isinstance(found, ast.Call):
        what = type(found or statement).__name__.lower()
        raise failure(tidy, _column(found or statement), f"found {what}, expected a call such as conv2d(x, w)")
    applied = None
    if isinstance(found.func, ast.Call):
        applied, found = found, found.func
    dotted = _dotted(found.func)
    if not dotted:
        raise failure(tidy, _column(found.func), "expected the name of a function or a layer before the bracket")
    arguments = []
    for argument in found.args:
        if isinstance(argument, ast.Starred):
            raise failure(tidy, _column(argument), "found *, expected every argument written out")
        arguments.append(_given(tidy, argument))
    keywords = []
    for keyword in found.keywords:
        if keyword.arg is None:
            raise failure(tidy, _column(keyword.value), "found **, expected every argument written out")
        keywords.append((keyword.arg, _given(tidy, keyword.value)))
    return Parsed(tidy, dotted, _column(found), tuple(arguments), tuple(keywords), applied)


def _given(tidy: str, node: ast.expr) -> Given:
    try:
        return Given(evaluate(node), node)
    except _TooLargeError as error:
        raise failure(tidy, _column(node), str(error)) from None


class _TooLargeError(Exception):
    """A literal that comes to more than anybody means."""


def evaluate(node: ast.expr) -> object:
    """A literal's value (numbers may be added and multiplied, sequences repeated), else an Expression.

    Lists and tuples keep their kind, and may hold Expressions.
    """
    value = _evaluated(node)
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise _TooLargeError(f"found an integer of {value.bit_length()} bits, expected at most {MAX_BITS}")
    if isinstance(value, list | tuple) and len(value) > MAX_ENTRIES:
        raise _TooLargeError(f"found a sequence of {len(value)} entries, expected at most {MAX_ENTRIES}")
    return value


def _evaluated(node: ast.expr) -> object:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Tuple):
        return tuple(evaluate(e) for e in node.elts)
    if isinstance(node, ast.List):
        return [evaluate(e) for e in node.elts]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = evaluate(node.operand)
        return -value if _is_int(value) or isinstance(value, float) else Expression(node)  # type: ignore[operator]
    if isinstance(node, ast.BinOp):
        return _arithmetic(node)
    return Expression(node)


def _arithmetic(node: ast.BinOp) -> object:
    left, right = evaluate(node.left), evaluate(node.right)
    if isinstance(node.op, ast.Mult):
        if isinstance(right, list | tuple):
            left, right = right, left
        if isinstance(left, list | tuple) and isinstance(right, int) and 0 <= right <= 5:
            return left * right
    if isinstance(left, list | tuple) and type(left) is type(right) and isinstance(node.op, ast.Add):
        return [*left, *right] if isinstance(left, list) else (*left, *right)
    if isinstance(left, int) and isinstance(right, int) and _is_int(left) and _is_int(right):
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult):
            return left * right
        if isinstance(node.op, ast.FloorDiv) and right:
            return left // right
    return Expression(node)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


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
