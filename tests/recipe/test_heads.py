"""The head of a plan, and two calls held against one another."""

from __future__ import annotations

import ast

import pytest

from conformance.frameworks.calls import As, Known, known
from conformance.plan import Plan
from conformance.recipe.call import CallError
from conformance.recipe.heads import Head, Side, bind, bound_head, differences, full_names, head_of, in_full

POOL = known("input, kernel_size, stride=kernel_size, padding=0")


def plan(text: str, *outputs: str) -> Plan:
    names = outputs or ("y",)
    return Plan.of(text, dict.fromkeys(("x", "w", *names), "NC"), outputs=names)


def head(text: str, *outputs: str) -> Head | None:
    return head_of(plan(text, *outputs), ("torch",))


@pytest.mark.parametrize(
    ("text", "function", "tensors"),
    [
        ("y = torch.topk(x, 3)", "torch.topk", {"x"}),
        ("y, i = torch.topk(x, 3)", "torch.topk", {"x"}),
        ("k = w.clone()\ny = torch.nn.functional.linear(x, k)", "torch.nn.functional.linear", {"x", "k"}),
        ("y = torch.nn.GELU()(x)", "torch.nn.GELU", set()),
        ("layer = torch.nn.LSTM(3, 4)\ny, h = layer(x)\nh = h[0]", "torch.nn.LSTM", set()),
        ("y, h = torch.f(x)\nh = h[0]", "torch.f", {"x"}),
    ],
)
def test_the_head_is_what_a_person_writes(text: str, function: str, tensors: set[str]) -> None:
    found = head(text)
    assert found is not None
    assert (found.function, found.tensors) == (function, tensors)


@pytest.mark.parametrize(
    "text",
    [
        "x = torch.pad(x, (1, 1))\ny = torch.f(x)",  # given something else than x
        "z = torch.exp(x)\ny = torch.f(z)",
        "y = torch.f(x)\ny = -y",  # changed afterwards
        "layer = torch.nn.LSTM(3, 4)\ny = layer(x)\ny = y + 1",
        "y = 0.5 * x * torch.erf(x)",  # no one call
        "y = x.exp()",
        "y = numpy.exp(x)",
    ],
)
def test_a_plan_that_does_more_has_none(text: str) -> None:
    assert head(text) is None


def test_arguments_by_signature() -> None:
    call = ast.parse("f(x, 2, padding=1)", mode="eval").body
    assert isinstance(call, ast.Call)
    given = bound_head(Head("f", call, frozenset("x")), POOL)
    side = Side(given, POOL)
    assert {name: ast.unparse(node) for name, node in given.items()} == {
        "input": "x",
        "kernel_size": "2",
        "padding": "1",
    }
    assert POOL.parameters["stride"] == As("kernel_size")
    assert side.value("stride") == 2
    assert Side({**given, "stride": ast.Constant(None)}, POOL).value("stride") == 2
    assert Side({**given, "stride": ast.Constant(3)}, POOL).value("stride") == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("f(x, 2, 2, 0, 1)", "f takes 4 arguments, found 5; it has: input, kernel_size, stride, padding"),
        ("f(x, 2, strid=2)", "f has no argument 'strid'; did you mean 'stride'"),
        ("f(x, 2, kernel_size=2)", "f: kernel_size is given twice"),
    ],
)
def test_what_does_not_fit_is_said(text: str, said: str) -> None:
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    with pytest.raises(CallError) as caught:
        bind("f", call.args, [(k.arg or "", k.value) for k in call.keywords], POOL)
    assert said in str(caught.value)


def side(text: str, signature: Known | None) -> Side:
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call)
    return Side(bind("f", call.args, [(k.arg or "", k.value) for k in call.keywords], signature), signature)


def differing(person: str, words: str, signature: Known | None, other: Known | None = None) -> dict[str, str]:
    return differences(side(person, other or signature), side(words, signature), frozenset("xw"), 2)


SORT = known("input, k, dim=-1, largest=True, weight=None")


@pytest.mark.parametrize(
    ("person", "words", "signature"),
    [
        ("f(a.b, 2)", "f(x, (2, 2), (2, 2), 0)", POOL),
        ("f(a, [2, 2])", "f(x, (2, 2), 2, (0, 0))", POOL),
        ("f(a, kernel_size=2, stride=None)", "f(x, 2)", POOL),
        ("f(a, 3, dim=1)", "f(x, 3)", SORT),
        ("f(-a, 3)", "f(-x, 3)", SORT),
        ("f(g(a), 3, weight=b)", "f(x, 3, weight=w)", SORT),
        ("f(a, 3, -jnp.inf)", "f(x, 3, -jax.numpy.inf)", None),
    ],
)
def test_the_same_said_otherwise(person: str, words: str, signature: Known | None) -> None:
    assert differing(person, words, signature) == {}


ASKED = "its value is not known here: give it, such as --let n=2"


@pytest.mark.parametrize(
    ("person", "words", "signature", "said"),
    [
        ("f(a, 2, 1)", "f(x, (2, 2), (2, 2), 0)", POOL, {"stride": "stride is 1, expected (2, 2)"}),
        ("f(a, (2, 3))", "f(x, (2, 2), (2, 3))", POOL, {"kernel_size": "kernel_size is (2, 3), expected (2, 2)"}),
        (
            "f(a, n)",
            "f(x, 2, 2)",
            POOL,
            {name: f"{name} is n, expected 2; {ASKED}" for name in ("kernel_size", "stride")},
        ),
        ("f(a, 3, dim=0)", "f(x, 3)", SORT, {"dim": "dim is 0, expected -1"}),
        ("f(a, 3, dim=3)", "f(x, 3)", SORT, {"dim": "dim is 3, expected -1"}),
        ("f(a, 3, largest=1)", "f(x, 3)", SORT, {"largest": "largest is 1, expected True"}),
        ("f(a, 3)", "f(-x, 3)", SORT, {"input": "input is a, expected a tensor (-x)"}),
        ("f(a, 3)", "f(x, 3, weight=w)", SORT, {"weight": "weight is None, expected a tensor (w)"}),
        ("f(a)", "f(x, 3)", SORT, {"k": "k is not given, expected 3"}),
    ],
)
def test_what_differs_is_named(person: str, words: str, signature: Known, said: dict[str, str]) -> None:
    assert differing(person, words, signature) == said


def test_a_layer_in_the_words_of_a_function() -> None:
    layer = known("k, largest=True, inplace=False", like="f")
    assert differing("L(3)", "f(x, 3)", SORT, layer) == {}
    assert differing("L(2)", "f(x, 3)", SORT, layer) == {"k": "k is 2, expected 3"}
    assert differing("L(3, inplace=True)", "f(x, 3)", SORT, layer) == {"inplace": "inplace is True, expected False"}
    assert differing("L(3)", "f(x, 3, dim=0)", SORT, layer) == {"dim": "dim is -1, expected 0"}


def test_names_in_full() -> None:
    assert full_names("F.gelu") == ("F.gelu", "torch.nn.functional.gelu")
    assert "jax.nn.gelu" in full_names("nn.gelu")
    assert full_names("gelu") == ("gelu",)
    assert ast.unparse(in_full(ast.parse("-jnp.inf", mode="eval").body)) == "-jax.numpy.inf"
