"""Conditions: plain Python semantics over a case's parameters, evaluated without `eval`.

The language of a grid's `where`, of a known divergence's `where` and of a framework's `unless`.

Comparisons (chained ones too), `and`, `or`, `not`, `in`, arithmetic on numbers, `min max abs len all any sum`,
indexing, and literals. No attribute, no keyword, no comprehension, no call of anything else. One such expression is
`stride == 1 or dilation == 1`.
"""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from conformance.text.nearest import did_you_mean

Environment: TypeAlias = Mapping[str, Any]
Evaluate: TypeAlias = Callable[[Environment], Any]

MAX_CHARACTERS = 2_000
MAX_DEPTH = 50

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "len": len,
    "all": all,
    "any": any,
    "sum": sum,
}

# Python's operators by their nodes; what is read in somebody's code (conformance/recipe/literals.py) uses them, too.
BINARY: dict[type[ast.operator], tuple[str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.Div: ("/", operator.truediv),
    ast.FloorDiv: ("//", operator.floordiv),
    ast.Mod: ("%", operator.mod),
}

COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
    ast.Is: lambda a, b: a is b,
    ast.IsNot: lambda a, b: a is not b,
}

# YAML's spelling is what the author has just written a line above.
_CONSTANTS: dict[str, Any] = {"null": None, "true": True, "false": False}


class ExpressionError(ValueError):
    """An expression that can't be read or evaluated; `column` counts from 1 and is 0 where it is not known."""

    def __init__(self, message: str, column: int = 0) -> None:
        super().__init__(message)
        self.column = column


class Expression:
    """A parsed expression. `names` are the parameters that it reads, in order of appearance; `cost` is what it takes to
    evaluate, in units of a short comparison.
    """

    def __init__(self, text: str, names: Sequence[str], evaluate: Evaluate, cost: int = 1) -> None:
        self.text = text
        self.cost = cost
        self.names = tuple(names)
        self._evaluate = evaluate

    def __call__(self, environment: Environment) -> Any:
        """The value; ExpressionError where an operation does not fit its values."""
        try:
            return self._evaluate(environment)
        except (TypeError, ValueError, LookupError, ArithmeticError) as error:
            raise ExpressionError(f"can't be evaluated: {error}") from None

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def parse_expression(
    text: str, known: Iterable[str], functions: Mapping[str, Callable[..., Any]] = FUNCTIONS
) -> list[Expression]:
    """Read an expression; what its outermost `and` joins comes as a list, so that each part can be applied early.

    ExpressionError says what was found and what may stand there, with the column. `functions` may be called.
    """
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError(f"the expression has {len(text)} characters, expected at most {MAX_CHARACTERS}", 1)
    # One line, so that an expression may go over several lines of a block scalar.
    line = text.strip().replace("\n", " ")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of "1if": what Python thinks of its style is not the question
            tree = ast.parse(line, mode="eval")
    except SyntaxError as error:
        found = error.offset or 0
        column = found if 0 < found <= len(line) else len(line) + 1
        raise ExpressionError(f"not a valid expression: {error.msg}", column) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionError("not a valid expression: nested too deeply", 1) from None
    body = tree.body
    parts = body.values if isinstance(body, ast.BoolOp) and isinstance(body.op, ast.And) else [body]
    result = []
    for part in parts:
        compiler = _Compiler(tuple(known), functions)
        try:
            evaluate = compiler.compile(part, 0)
            cost = 1 + sum(1 for _ in ast.walk(part)) // 16
            result.append(Expression(ast.unparse(part), list(compiler.names), evaluate, cost))
        except RecursionError:
            raise ExpressionError("the expression is nested too deeply", 1) from None
    return result


def _number(value: Any, symbol: str) -> Any:
    if not isinstance(value, int | float):
        raise TypeError(f"{symbol} takes numbers, found a {type(value).__name__}")
    return value


class _Compiler:
    """Turns a syntax tree into nested closures."""

    def __init__(self, known: tuple[str, ...], functions: Mapping[str, Callable[..., Any]]) -> None:
        self.known = known
        self.functions = functions
        self.names: dict[str, None] = {}

    def compile(self, node: ast.expr, depth: int) -> Evaluate:
        if depth > MAX_DEPTH:
            raise ExpressionError("the expression is nested too deeply", self.column(node))
        if isinstance(node, ast.Constant):
            return self.constant(node)
        if isinstance(node, ast.Name):
            return self.name(node)
        if isinstance(node, ast.Compare):
            return self.comparison(node, depth)
        if isinstance(node, ast.BoolOp):
            return self.boolean(node, depth)
        if isinstance(node, ast.UnaryOp):
            return self.unary(node, depth)
        if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
            return self.binary(node, depth)
        if isinstance(node, ast.Call):
            return self.call(node, depth)
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
            value, index = self.compile(node.value, depth + 1), self.compile(node.slice, depth + 1)
            return lambda e: value(e)[index(e)]
        if isinstance(node, ast.List | ast.Tuple):
            items = [self.compile(item, depth + 1) for item in node.elts]
            return lambda e: [item(e) for item in items]
        raise self.refuse(node, f"{ast.unparse(node)!r} is not allowed in an expression")

    @staticmethod
    def column(node: ast.AST) -> int:
        return int(getattr(node, "col_offset", 0)) + 1

    def refuse(self, node: ast.AST, message: str) -> ExpressionError:
        expected = "comparisons, and, or, not, in, arithmetic, indexing, literals and " + ", ".join(self.functions)
        return ExpressionError(f"{message}; expected {expected}", self.column(node))

    def constant(self, node: ast.Constant) -> Evaluate:
        value = node.value
        if value is not None and not isinstance(value, bool | int | float | str):
            raise self.refuse(node, f"the literal {value!r} is not allowed")
        return lambda _: value

    def name(self, node: ast.Name) -> Evaluate:
        name = node.id
        if name in self.known:
            self.names[name] = None
            return operator.itemgetter(name)
        if name in _CONSTANTS:
            value = _CONSTANTS[name]
            return lambda _: value
        hint = did_you_mean(name, self.known)
        if not hint:
            hint = f"; a word is quoted: '{name}'"
        raise ExpressionError(
            f"unknown parameter {name!r}, expected one of: {', '.join(self.known)}{hint}", self.column(node)
        )

    def comparison(self, node: ast.Compare, depth: int) -> Evaluate:
        compare = [COMPARE[type(op)] for op in node.ops]
        sides = [self.compile(side, depth + 1) for side in (node.left, *node.comparators)]
        if len(compare) == 1:
            only, left, right = compare[0], sides[0], sides[1]
            return lambda e: only(left(e), right(e))

        def chained(e: Environment) -> bool:
            value = sides[0](e)
            for test, side in zip(compare, sides[1:], strict=True):
                following = side(e)
                if not test(value, following):
                    return False
                value = following
            return True

        return chained

    def boolean(self, node: ast.BoolOp, depth: int) -> Evaluate:
        parts = [self.compile(part, depth + 1) for part in node.values]
        stop = isinstance(node.op, ast.Or)

        def evaluate(e: Environment) -> Any:
            value: Any = None
            for part in parts:
                value = part(e)
                if bool(value) is stop:
                    return value
            return value

        return evaluate

    def unary(self, node: ast.UnaryOp, depth: int) -> Evaluate:
        operand = self.compile(node.operand, depth + 1)
        if isinstance(node.op, ast.Not):
            return lambda e: not operand(e)
        if isinstance(node.op, ast.USub):
            return lambda e: -_number(operand(e), "-")
        if isinstance(node.op, ast.UAdd):
            return lambda e: +_number(operand(e), "+")
        raise self.refuse(node, f"{ast.unparse(node)!r} is not allowed in an expression")

    def binary(self, node: ast.BinOp, depth: int) -> Evaluate:
        symbol, apply = BINARY[type(node.op)]
        left, right = self.compile(node.left, depth + 1), self.compile(node.right, depth + 1)
        # Numbers only: a list or a text times a large number would be a way to fill memory.
        return lambda e: apply(_number(left(e), symbol), _number(right(e), symbol))

    def call(self, node: ast.Call, depth: int) -> Evaluate:
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        if name not in self.functions:
            raise ExpressionError(
                f"unknown function {name!r}, expected one of: {', '.join(self.functions)}"
                f"{did_you_mean(name, self.functions)}",
                self.column(node),
            )
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            raise self.refuse(node, f"{name} takes plain arguments only")
        function, arguments = self.functions[name], [self.compile(a, depth + 1) for a in node.args]
        return lambda e: function(*[a(e) for a in arguments])
