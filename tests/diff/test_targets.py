import pytest

from conformance.diff import pair_targets, parse_kinds, parse_maps
from conformance.diff.changes import SETS, Kind
from conformance.usage import UsageError


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("torch=jax", "torch", "jax"),
        ("jax==0.9.2=jax==0.10.2", "jax==0.9.2", "jax==0.10.2"),
        ("torch+threads=2=torch", "torch+threads=2", "torch"),
        ("torch=torch+threads=2", "torch", "torch+threads=2"),
        (
            "keras/torch+api=ops==3.13.0=keras/torch+api=ops==3.15.1",
            "keras/torch+api=ops==3.13.0",
            "keras/torch+api=ops==3.15.1",
        ),
    ],
)
def test_a_map_is_parted_where_both_sides_are_targets(text: str, before: str, after: str) -> None:
    assert parse_maps([text]) == {before: after}


@pytest.mark.parametrize("text", ["torch", "torch=", "=jax", "torch=jaxx", "jax==0.9.2", ""])
def test_what_is_no_map_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected A=B with two targets"):
        parse_maps([text])


def test_one_target_cannot_be_mapped_twice() -> None:
    with pytest.raises(UsageError, match="both jax and numpy"):
        parse_maps(["torch=jax", "torch=numpy"])


def test_targets_pair_when_equal_or_equal_but_for_the_version() -> None:
    before = ["jax==0.9.2", "torch", "jax:jit==0.9.2", "numpy"]
    after = ["torch", "jax==0.10.2", "jax:jit==0.10.2", "tensorflow"]
    assert pair_targets(before, after) == [
        ("jax==0.9.2", "jax==0.10.2"),
        ("torch", "torch"),
        ("jax:jit==0.9.2", "jax:jit==0.10.2"),
    ]
    assert pair_targets(["jax"], ["jax==0.10.2"]) == [("jax", "jax==0.10.2")]
    # Which of two versions is meant can't be known.
    with pytest.raises(UsageError, match="no target in common"):
        pair_targets(["jax"], ["jax==0.9.2", "jax==0.10.2"])


def test_a_map_comes_first() -> None:
    assert pair_targets(["a", "torch"], ["torch", "b"], {"a": "torch"}) == [("a", "torch")]
    assert pair_targets(["a", "torch"], ["torch", "b"], {"a": "b"}) == [("a", "b"), ("torch", "torch")]


def test_a_map_of_what_is_not_there_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"jax==0\.9\.1 is not in the first record.*did you mean 'jax==0\.9\.2'"):
        pair_targets(["jax==0.9.2"], ["jax"], {"jax==0.9.1": "jax"})
    with pytest.raises(UsageError, match="torch is not in the second record"):
        pair_targets(["jax"], ["jax"], {"jax": "torch"})


def test_kinds_of_fail_on() -> None:
    assert parse_kinds("") == frozenset()
    assert parse_kinds("pass-to-fail, VALUE") == {Kind.PASS_TO_FAIL, Kind.VALUE}
    assert parse_kinds("any") == frozenset(Kind)
    assert parse_kinds("regressions,speed") == {*SETS["regressions"], Kind.SPEED}
    with pytest.raises(UsageError, match=r"unknown kind 'pass-to-fial'.*did you mean 'pass-to-fail'"):
        parse_kinds("pass-to-fial")
