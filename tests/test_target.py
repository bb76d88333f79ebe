"""Targets: the grammar, its canonical text, and what is said about a target that can't be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.target import FRAMEWORKS, Target, TargetError, in_columns, parse_target


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Any target of the grammar, with its parts in any state."""
    spec = FRAMEWORKS[draw(st.sampled_from(sorted(FRAMEWORKS)))]
    text = spec.name
    if spec.backends and draw(st.booleans()):
        text += "/" + draw(st.sampled_from(spec.backends))
    if draw(st.booleans()):
        text += ":" + draw(st.sampled_from(spec.modes))
    if draw(st.booleans()):
        text += "@" + draw(st.sampled_from(spec.devices))
    for option in draw(st.lists(st.sampled_from(sorted(spec.options)), unique=True)):
        values = spec.options[option]
        text += f"+{option}=" + (
            str(draw(st.integers(1, 64))) if values == ("<int>",) else draw(st.sampled_from(values))
        )
    if draw(st.booleans()):
        text += "==" + draw(st.sampled_from(["2.13.0", "0.9.2", "3.0.0rc1", "2.13.0+cpu"]))
    return text


@given(texts())
def test_the_canonical_text_is_read_back(text: str) -> None:
    target = parse_target(text)
    assert parse_target(str(target)) == target
    assert str(parse_target(str(target))) == str(target)
    assert (
        target.spec.name
        == text.partition("/")[0].partition(":")[0].partition("@")[0].partition("+")[0].partition("==")[0]
    )


@pytest.mark.parametrize(
    ("text", "target", "canonical"),
    [
        ("torch", Target("torch"), "torch"),
        ("torch:eager@cpu", Target("torch"), "torch"),
        ("torch:compile", Target("torch", mode="compile"), "torch:compile"),
        ("keras", Target("keras", "tensorflow"), "keras/tensorflow"),
        ("keras/torch", Target("keras", "torch"), "keras/torch"),
        ("tensorflow+onednn=0", Target("tensorflow", options=(("onednn", "0"),)), "tensorflow+onednn=0"),
        ("jax@gpu", Target("jax", device="gpu"), "jax@gpu"),
        ("jax==0.9.2", Target("jax", version="0.9.2"), "jax==0.9.2"),
        (
            "torch:compile@gpu+threads=2+api=module==2.12.0",
            Target("torch", "", "compile", "gpu", (("api", "module"), ("threads", "2")), "2.12.0"),
            "torch:compile@gpu+api=module+threads=2==2.12.0",
        ),
        (" torch ", Target("torch"), "torch"),
    ],
)
def test_literal_targets(text: str, target: Target, canonical: str) -> None:
    assert parse_target(text) == target
    assert str(target) == canonical


def test_options_have_defaults() -> None:
    target = parse_target("torch+threads=2")
    assert target.option("threads", "1") == "2"
    assert target.option("api", "functional") == "functional"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tourch", "unknown framework 'tourch', expected one of: .*; did you mean 'torch'"),
        ("keras/tourch", "unknown backend of keras 'tourch'.*did you mean 'torch'"),
        ("torch/jax", "unknown backend of torch 'jax', expected one of: none"),
        ("torch:compiled", "unknown mode of torch 'compiled'.*did you mean 'compile'"),
        ("jax:compile", "unknown mode of jax 'compile', expected one of: eager, jit"),
        ("torch@gpus", "unknown device of torch 'gpus'.*did you mean 'gpu'"),
        ("numpy@gpu", "unknown device of numpy 'gpu'"),
        ("torch+onednn=0", "unknown option of torch 'onednn'"),
        ("tensorflow+onednn=2", "unknown value of option 'onednn' '2', expected one of: 0, 1"),
        ("torch+threads=0", "threads='0', expected an integer from 1"),
        ("torch+threads=2000", "expected an integer from 1 to 1024"),
        ("torch+threads=two", "expected an integer"),
        ("torch+threads=1+threads=2", "'threads' is given twice"),
        ("torch+threads", "can't be read"),
        ("", "can't be read"),
        ("Torch", "can't be read"),
        ("torch@cpu:compile", "can't be read"),
        ("torch==", "can't be read"),
        ("torch ==2.0", "can't be read"),
        ("torch;rm", "can't be read"),
    ],
)
def test_what_is_no_target(text: str, message: str) -> None:
    with pytest.raises(TargetError, match=message) as caught:
        parse_target(text)
    assert repr(text) in str(caught.value)


def test_targets_stand_in_one_order_whoever_asks() -> None:
    names = ["jax:jit", "keras/jax:jit", "zeta", "torch:compile", "jax==0.9.2", "keras/tensorflow", "numpy", "torch"]
    ordered = ["numpy", "torch", "torch:compile", "jax:jit", "jax==0.9.2", "keras/tensorflow", "keras/jax:jit", "zeta"]
    assert in_columns(names) == ordered
    assert in_columns(reversed(names)) == ordered
