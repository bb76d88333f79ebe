"""One text for several plans, without a framework."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.recipe.merge import line, merged, shape_of


def test_numbers_that_follow_a_length_are_written_by_it() -> None:
    lengths = [shape_of("x", shape) for shape in ((2, 5, 9), (3, 7, 8), (7, 6, 11))]
    texts = [f"y = f(x, ({n}, {2 * h - 1}, 4))\ny = y[:, :{w + 3}]" for n, h, w in ((2, 5, 9), (3, 7, 8), (7, 6, 11))]
    expected = "y = f(x, (x.shape[0], 2 * x.shape[1] - 1, 4))\ny = y[:, :x.shape[2] + 3]"
    assert merged(texts, lengths) == expected
    assert merged(["y = f(x, 5)", "y = f(x, 7)", "y = f(x, 7)"], lengths) is None
    assert merged(["y = f(x, 1)", "y = f(x, 1)", "y = g(x, 1)"], lengths) is None
    assert merged(["y = f(x)"] * 2 + ["y = f(x, 1)"], lengths) is None
    assert merged(["y = f('a')"] * 2 + ["y = f('b')"], lengths) is None
    assert (line(1, "n", 0), line(3, "n", 2), line(1, "n", -4)) == ("n", "3 * n + 2", "n - 4")


def same_pads(kernel: int, stride: int) -> Callable[[int], int]:
    return lambda n: max((-(-n // stride) - 1) * stride + kernel - n, 0)


@pytest.mark.parametrize("stride", [2, 3, 4, 5])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5, 6])
def test_numbers_that_go_by_a_stride_are_right_at_every_length(kernel: int, stride: int) -> None:
    whole = same_pads(kernel, stride)
    forms = [lambda n: whole(n) // 2, lambda n: whole(n) - whole(n) // 2, whole, lambda n: -(-n // stride) + 2]
    read = [*range(9, 9 + stride + 1), 19, 27]
    for form in forms:
        text = merged([f"y = f(x, {form(n)})" for n in read], [{"x.shape[1]": n} for n in read], [stride])
        assert text is not None
        for n in range(1, 40):

            class X:
                shape = (1, n)

            names: dict[str, object] = {"x": X, "f": lambda _, number: number}
            exec(text, names)
            assert names["y"] == form(n), (text, n)


def test_a_remainder_that_was_not_seen_is_not_guessed() -> None:
    read = [9, 12, 15, 18]  # each a multiple of 3
    assert merged([f"y = f(x, {n % 2})" for n in read], [{"x.shape[1]": n} for n in read], [3]) is None


def test_what_goes_by_a_stride_is_computed_before_a_tensor_is_cut() -> None:
    read = [5, 6, 7, 8, 11]
    text = merged([f"x = x[1:]\ny = f(x, {n % 2}, {n % 2})" for n in read], [{"x.shape[0]": n} for n in read], [2])
    assert text == "spare_0 = x.shape[0] - 2 * (x.shape[0] // 2)\nx = x[1:]\ny = f(x, spare_0, spare_0)" or (
        text is not None and text.splitlines()[1:] == ["x = x[1:]", "y = f(x, spare_0, spare_0)"]
    )


def test_lengths_of_a_models_tensors_have_names() -> None:
    texts = [
        f"model = parse('g (float[{n},3,{h}] x, float[4,3] w) => (float[N] y) {{ y = F (x, w) }}')"
        for n, h in ((1, 5), (2, 7))
    ]
    lengths = [shape_of("x", (n, 3, h)) for n, h in ((1, 5), (2, 7))]
    found = merged(texts, lengths, axes={"x.shape[0]": "N"})
    assert found == "model = parse('g (float[N,3,x2] x, float[4,3] w) => (float[?] y) { y = F (x, w) }')"
    other = [texts[0], texts[1].replace("F (", "F <k = 2> (")]
    assert merged(other, lengths) is None
