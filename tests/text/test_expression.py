"""`where` expressions: Python's own semantics, nothing that could run code."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.text.expression import FUNCTIONS, Expression, ExpressionError, parse_expression

NAMES = ("kernel", "stride", "size", "padding")

numbers = st.integers(-4, 4).map(str) | st.sampled_from(["kernel", "stride", "size[0]", "len(size)", "sum(size)"])


def _joined(inner: st.SearchStrategy[str], operators: list[str]) -> st.SearchStrategy[str]:
    return st.tuples(inner, st.sampled_from(operators), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")


arithmetic = st.recursive(
    numbers,
    lambda inner: (
        _joined(inner, ["+", "-", "*", "/", "//", "%"])
        | st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})")
        | inner.map(lambda t: f"abs({t})")
        | inner.map(lambda t: f"(-{t})")
    ),
    max_leaves=6,
)
comparisons = (
    _joined(arithmetic, ["==", "!=", "<", "<=", ">", ">="])
    | st.tuples(arithmetic, arithmetic, arithmetic).map(lambda t: f"({t[0]} <= {t[1]} < {t[2]})")
    | arithmetic.map(lambda t: f"({t} in [1, 2, kernel])")
    | arithmetic.map(lambda t: f"({t} not in size)")
    | st.sampled_from(
        ["padding == 'same'", "padding in ['same', 3]", "size == [2, 3]", "any(size)", "all([1, kernel])"]
    )
)
conditions = st.recursive(
    comparisons,
    lambda inner: _joined(inner, ["and", "or"]) | inner.map(lambda t: f"(not {t})"),
    max_leaves=5,
)
environments = st.fixed_dictionaries(
    {
        "kernel": st.integers(0, 4),
        "stride": st.integers(0, 4),
        "size": st.lists(st.integers(0, 4), min_size=1, max_size=3),
        "padding": st.sampled_from(["same", "valid", 0]),
    }
)


def evaluate(parts: list[Expression], environment: dict[str, object]) -> object:
    """What the parts give together: like `and`, the first that is false, else the last."""
    found: object = True
    for part in parts:
        found = part(environment)
        if not found:
            break
    return found


@settings(max_examples=200, deadline=None)
@given(conditions, environments)
def test_an_expression_means_what_python_means(text: str, environment: dict[str, object]) -> None:
    parts = parse_expression(text, NAMES)
    try:
        expected = eval(text, {"__builtins__": {}, **FUNCTIONS}, dict(environment))
    except (TypeError, ZeroDivisionError, IndexError):
        with pytest.raises(ExpressionError):
            evaluate(parts, environment)
        return
    found = evaluate(parts, environment)
    assert found == expected
    assert type(found) is type(expected)


def test_what_the_outermost_and_joins_comes_in_parts() -> None:
    parts = parse_expression("kernel >= stride and (size[0] > 1 or padding == 'same') and stride > 1", NAMES)
    assert [part.names for part in parts] == [("kernel", "stride"), ("size", "padding"), ("stride",)]


def test_null_true_and_false_may_be_written_as_yaml_writes_them() -> None:
    (part,) = parse_expression("padding == null or kernel == true", NAMES)
    assert part({"padding": None, "kernel": 3}) is True
    assert part({"padding": 0, "kernel": 3}) is False


def test_an_expression_may_go_over_several_lines() -> None:
    (part,) = parse_expression("kernel > 1\n  or stride > 1\n", NAMES)
    assert part({"kernel": 1, "stride": 2}) is True


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("kernel >", 9, "not a valid expression"),
        (
            "kernle > 1",
            1,
            "unknown parameter 'kernle', expected one of: kernel, stride, size, padding; did you mean 'kernel'?",
        ),
        ("padding == same", 12, "a word is quoted: 'same'"),
        ("kernel > 1 and max(stide, 1) > 1", 20, "did you mean 'stride'?"),
        ("open('x')", 1, "unknown function 'open', expected one of: min, max, abs, len, all, any, sum"),
        ("mx(kernel) > 1", 1, "did you mean 'max'?"),
        ("().__class__", 1, "is not allowed in an expression"),
        ("kernel.real", 1, "is not allowed in an expression"),
        ("[k for k in size]", 1, "is not allowed in an expression"),
        ("(lambda: 1)()", 1, "unknown function"),
        ("kernel ** 9999999", 1, "is not allowed in an expression"),
        ("kernel << 99", 1, "is not allowed in an expression"),
        ("~kernel", 1, "is not allowed in an expression"),
        ("f'{kernel}'", 1, "is not allowed in an expression"),
        ("size[0:1]", 1, "is not allowed in an expression"),
        ("max(*size)", 1, "plain arguments only"),
        ("max(size, key=len)", 1, "plain arguments only"),
        ("b'x' == kernel", 1, "the literal b'x' is not allowed"),
        ("(kernel := 3)", 2, "is not allowed in an expression"),
        ("kernel; stride", 7, "not a valid expression"),
        ("1) or (1", 2, "not a valid expression"),
        ("", 1, "not a valid expression"),
        ("-" * 500 + "kernel", 1, "nested too deeply"),
        ("kernel + " * 300 + "1", 1, "characters, expected at most"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_column(text: str, column: int, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_expression(text, NAMES)
    assert says in str(caught.value)
    if len(text) < 100:
        assert caught.value.column == column


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ("kernel > stride", {"kernel": [1, 2], "stride": 1}),
        ("size[3] > 1", {"size": [1, 2]}),
        ("kernel % stride == 0", {"kernel": 1, "stride": 0}),
        ("padding * 1000000000 == size", {"padding": "same", "size": [1]}),
        ("size * 1000000000 == size", {"size": [1]}),
        ("'%99999999999d' % kernel == padding", {"kernel": 1, "padding": 0}),
        ("len(kernel) > 1", {"kernel": 1}),
        ("-padding < 0", {"padding": "same"}),
    ],
)
def test_what_cannot_be_evaluated_says_so_and_fills_no_memory(text: str, environment: dict[str, object]) -> None:
    (part,) = parse_expression(text, NAMES)
    with pytest.raises(ExpressionError, match="can't be evaluated"):
        part(environment)
