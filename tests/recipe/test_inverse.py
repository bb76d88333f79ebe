"""Which padding gives a length: held against the frameworks' own formulas, over every length near the call's own."""

from __future__ import annotations

from itertools import product

import pytest

from conformance.recipe.call import CallError
from conformance.recipe.inverse import told, ways
from conformance.recipe.read import read_call
from conformance.recipe.syntax import read_values


def torch_lengths(n: int, k: int, s: int, d: int, p: int, extra: int) -> int:
    """https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html"""
    return (n - 1) * s - 2 * p + d * (k - 1) + extra + 1


@pytest.mark.parametrize(("k", "s", "d"), [(4, 2, 1), (3, 2, 1), (2, 3, 1), (3, 1, 2), (5, 4, 1)])
def test_pytorch_every_length_is_said_right(k: int, s: int, d: int) -> None:
    n = 6
    call = read_call(f"nn.ConvTranspose1d(2, 3, {k}, stride={s}, dilation={d})", (1, 2, n))
    for length in range(1, torch_lengths(n, k, s, d, 0, 0) + 6):
        able = [
            (p, extra)
            for p, extra in product(range(30), range(max(s, d)))
            if torch_lengths(n, k, s, d, p, extra) == length
        ]
        found = ways(call, (length,))
        if call.op.outputs()[0].shape[2] == length:
            assert found.own == (length,)
        else:
            assert bool(found.found) == bool(able), length
        for way in found.found:
            changed = dict(way.arguments)
            p, extra = changed.get("padding", 0), changed.get("output_padding", 0)
            assert (p, extra) in able, (length, way)
            assert read_call(way.text, (1, 2, n)).op.outputs()[0].shape[2] == length
        for way in found.nearest:
            assert way.sizes != (length,)


@pytest.mark.parametrize(
    ("text", "x", "w", "asked", "says"),
    [
        ("nn.ConvTranspose2d(8, 8, 4, stride=2)", (1, 8, 7, 7), None, (14,), ["padding=1"]),
        ("nn.ConvTranspose2d(8, 8, 3, 2, 1)", (1, 8, 7, 7), None, (14,), ["padding=1, output_padding=1"]),
        (
            "nn.ConvTranspose2d(8, 8, 3, stride=3)",
            (1, 8, 7, 8),
            None,
            (20, 25),
            ["padding=(1, 0), output_padding=(1, 1)"],
        ),
        ("nn.Conv2d(8, 8, 3, stride=2)", (1, 8, 32, 32), None, (16,), ["padding=1"]),
        ("layers.Conv2DTranspose(8, 3, strides=2)", (1, 7, 7, 8), None, (13,), ["padding='same', output_padding=0"]),
        ("tf.nn.conv2d_transpose(x, w, [1, 14, 14, 8], 2)", (1, 7, 7, 8), (3, 3, 8, 8), (13,), None),
        ("lax.conv_general_dilated(x, w, (2, 2), 'VALID')", (1, 8, 14, 14), (8, 8, 3, 3), (7,), None),
    ],
)
def test_the_ways_are_calls_that_give_it(
    text: str, x: tuple[int, ...], w: tuple[int, ...] | None, asked: tuple[int, ...], says: list[str] | None
) -> None:
    found = ways(read_call(text, x, w), asked)
    assert found.found
    assert says is None or [way.says for way in found.found] == says
    for way in found.found:
        sizes = read_call(way.text, x, w).op.outputs()[0].shape[2:]
        assert sizes == found.asked
    assert len({way.text for way in found.found}) == len(found.found)


def test_where_none_does_the_nearest_are_said() -> None:
    call = read_call("layers.Conv2DTranspose(8, 3, strides=2)", (1, 7, 7, 8))
    found = ways(call, (21,))
    assert not found.found
    assert [way.sizes for way in found.nearest] == [(16, 16)]
    assert "no padding gives 21x21; the nearest:\n    16x16 with output_padding=1\n" in told(found)
    with pytest.raises(CallError, match="--length is 4,4,4, expected the output's sizes: one length"):
        ways(call, (4, 4, 4))


def test_values_of_names_are_written_in() -> None:
    values = read_values(["in_ch=8", "k=4"])
    call = read_call("self.up = nn.ConvTranspose2d(in_ch, in_ch // 2, k, stride=2)", (1, 8, 7, 7), None, values)
    [way] = ways(call, (14,)).found
    assert way.text == "torch.nn.ConvTranspose2d(8, 4, 4, stride=2, padding=1)"
