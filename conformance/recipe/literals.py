"""What an expression in somebody's code comes to where its literals alone say it; nothing of it is run."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.recipe.call import CallError
from conformance.text.expression import BINARY, COMPARE

# What a literal may come to: lengths are 64-bit numbers, and Python can't even print one of 4,300 digits.
MAX_BITS = 63
MAX_ENTRIES = 64


def _times(count: int) -> Callable[[Any], Any]:
    """`_pair(3)` is (3, 3), `_pair((3, 5))` is (3, 5)."""
    return lambda value: tuple(value) if isinstance(value, list | tuple) else (value,) * count


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "int": int,
    "float": float,
    "round": round,
    "abs": abs,
    "max": max,
    "min": min,
    "sum": sum,
    "len": len,
    "tuple": tuple,
    "list": list,
    "torch.Size": tuple,
    **{f"{module}ceil": math.ceil for module in ("math.", "")},
    **{f"{module}floor": math.floor for module in ("math.", "")},
    **{f"{module}ceil": lambda value: float(math.ceil(value)) for module in ("np.", "numpy.")},
    **{f"{module}floor": lambda value: float(math.floor(value)) for module in ("np.", "numpy.")},
    **dict.fromkeys(("_single", "to_1tuple"), _times(1)),
    **dict.fromkeys(("_pair", "pair", "to_2tuple"), _times(2)),
    **dict.fromkeys(("_triple", "triple", "to_3tuple"), _times(3)),
}


# What may stand around a list of integers.
_WRAPPERS = ("stack", "constant", "convert_to_tensor", "array", "TensorShape", "as_list")


@dataclass(frozen=True)
class Expression:
    """A value that only running the code would tell: a variable, an attribute, a call."""

    node: ast.expr

    @property
    def text(self) -> str:
        """The code, in its normal form."""
        return ast.unparse(self.node)


class LiteralError(CallError):
    """A literal that comes to more than anybody means, or to nothing."""


def evaluate(node: ast.expr) -> object:
    """A literal's value, or what arithmetic and a few known functions make of literals; else an Expression.

    Lists and tuples keep their kind, and may hold Expressions. Raises LiteralError.
    """
    value = _evaluated(node)
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise LiteralError(f"found an integer of {value.bit_length()} bits, expected at most {MAX_BITS}")
    if isinstance(value, list | tuple) and len(value) > MAX_ENTRIES:
        raise LiteralError(f"found a sequence of {len(value)} entries, expected at most {MAX_ENTRIES}")
    return value


def _evaluated(node: ast.expr) -> object:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Tuple | ast.List):
        values = [evaluate(e) for e in node.elts]
        return tuple(values) if isinstance(node, ast.Tuple) else values
    if isinstance(node, ast.IfExp):
        test = evaluate(node.test)
        return Expression(node) if holds_expression(test) else evaluate(node.body if test else node.orelse)
    try:
        return _computed(node)
    except TypeError:
        return Expression(node)  # a number and a word, or what no person means
    except (ArithmeticError, ValueError, IndexError) as error:
        raise LiteralError(f"{ast.unparse(node)} can't be computed: {error}") from None


def _computed(node: ast.expr) -> object:
    parts = _operands(node)
    values = [evaluate(part) for part in parts]
    known = bool(parts) and not any(map(holds_expression, values))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mult):
        # Sequences are joined and repeated whatever they hold.
        known = known or any(isinstance(v, list | tuple) for v in values)
        known = known and not any(isinstance(v, Expression) for v in values)
    if not known:
        return Expression(node)
    if isinstance(node, ast.BinOp):
        return _arithmetic(node.op, *values)
    if isinstance(node, ast.UnaryOp):
        [value] = values
        return not value if isinstance(node.op, ast.Not) else -_number(value)
    if isinstance(node, ast.Compare):
        return COMPARE[type(node.ops[0])](*values)
    if isinstance(node, ast.BoolOp):
        return all(values) if isinstance(node.op, ast.And) else any(values)
    if isinstance(node, ast.Subscript):
        return _entry(values[0], values[1:], node.slice)
    assert isinstance(node, ast.Call)
    return _FUNCTIONS[ast.unparse(node.func)](*values)


def _operands(node: ast.expr) -> list[ast.expr]:
    """What an expression is computed from; nothing where it is not computed here."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (*BINARY, ast.Pow)):
        return [node.left, node.right]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        return [node.operand]
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARE:
        return [node.left, *node.comparators]
    if isinstance(node, ast.BoolOp):
        return node.values
    if isinstance(node, ast.Subscript):
        bounds = (node.slice.lower, node.slice.upper) if isinstance(node.slice, ast.Slice) else (node.slice,)
        return [node.value, *(bound for bound in bounds if bound is not None)]
    if isinstance(node, ast.Call) and not node.keywords and ast.unparse(node.func) in _FUNCTIONS:
        return node.args
    return []


def _arithmetic(op: ast.operator, left: Any, right: Any) -> object:
    if isinstance(op, ast.Pow):
        base, exponent = _number(left), _number(right)
        if abs(exponent) * math.log2(abs(base) + 2) > 2 * MAX_BITS:
            raise LiteralError(f"found {base} ** {exponent}, expected integers of at most {MAX_BITS} bits")
        found = base**exponent
        if isinstance(found, complex):
            raise TypeError
        return found
    if isinstance(op, ast.Mult):
        if isinstance(right, list | tuple | str):
            left, right = right, left
        if isinstance(left, list | tuple | str):
            if (entries := len(left) * max(_number(right), 0)) > MAX_ENTRIES:
                raise LiteralError(f"found a sequence of {entries} entries, expected at most {MAX_ENTRIES}")
            return left * right
    sequence = isinstance(op, ast.Add) and isinstance(left, list | tuple | str) and type(left) is type(right)
    if not sequence:
        left, right = _number(left), _number(right)
    return BINARY[type(op)][1](left, right)


def _number(value: Any) -> Any:
    """A number, for arithmetic; TypeError for anything else, True and False among them."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return value


def _entry(value: Any, bounds: list[Any], written: ast.expr) -> object:
    if not isinstance(value, list | tuple):
        raise TypeError
    if not isinstance(written, ast.Slice):
        return value[bounds[0]]
    if written.step is not None:
        raise TypeError
    start = bounds.pop(0) if written.lower is not None else None
    return value[start : bounds.pop(0) if bounds else None]


def holds_expression(value: object) -> bool:
    """Whether a value, or an entry of it, is not known."""
    if isinstance(value, list | tuple):
        return any(map(holds_expression, value))
    return isinstance(value, Expression)


def unknown(node: ast.expr) -> Iterator[str]:
    """The innermost parts of an expression whose values are not known, as code."""
    node = unwrapped(node)
    if not holds_expression(evaluate(node)):
        return
    parts = [] if isinstance(node, ast.Subscript | ast.Compare) else _operands(node)
    if isinstance(node, ast.Tuple | ast.List):
        parts = node.elts
    elif isinstance(node, ast.IfExp):
        test = evaluate(node.test)
        parts = [node.test] if holds_expression(test) else [node.body if test else node.orelse]
    inner = [text for part in parts for text in unknown(part)]
    yield from inner or [ast.unparse(node)]


def unwrapped(node: ast.expr) -> ast.expr:
    """The list in `tf.stack([...])`, `tf.constant([...])` and the like, where a shape is expected."""
    while isinstance(node, ast.Call) and node.args and ast.unparse(node.func).rpartition(".")[2] in _WRAPPERS:
        node = node.args[0]
    return node


class Substitution(ast.NodeTransformer):
    """Puts values in the place of names, attributes, calls and whatever else is written as they are."""

    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self.values = values

    def visit(self, node: ast.AST) -> Any:
        """The node, or the value that stands for it, in its place."""
        if isinstance(node, ast.expr) and (value := self.values.get(ast.unparse(node))):
            found = ast.parse(ast.unparse(value), mode="eval").body
            for part in ast.walk(found):
                ast.copy_location(part, node)
            return found
        return self.generic_visit(node)
