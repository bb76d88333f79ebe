"""Which error of a chain a worker reports: the one that came first, where the others repeat it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conformance.worker.serve import innermost


def wrapped(make: Callable[[str], str], explicit: bool, inner: Exception) -> Exception:
    try:
        try:
            raise inner
        except type(inner) as error:
            if explicit:
                raise RuntimeError(make(str(error))) from error
            raise RuntimeError(make(str(error))) from None
    except RuntimeError as error:
        return error


WRAPPERS: list[Callable[[str], str]] = [
    lambda text: f"Exception encountered when calling Pad.call().\n\n\x1b[1m{text}\x1b[0m\n\nArguments received",
    lambda text: f'in user code:\n\n    File "nn.py", line 840, in _conv\n        f()\n\n    ValueError: {text}\n',
    lambda text: f"RuntimeError when making fake tensor call\n  Explanation: got ValueError({text!r})\n  Hint: run it",
    lambda text: f"backend='inductor' raised:\nValueError: {text}\n\nSet TORCHDYNAMO_VERBOSE=1",
]


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("explicit", [True, False])
@pytest.mark.parametrize("text", ["negative padding", "padding size 2:\nexpected 4"])
def test_a_wrapper_is_seen_through(wrapper: Callable[[str], str], explicit: bool, text: str) -> None:
    inner = ValueError(text)
    assert innermost(wrapped(wrapper, explicit, inner)) is inner


def test_several_wrappers_and_one_that_adds_nothing() -> None:
    inner = ValueError("negative padding")
    one = wrapped(WRAPPERS[2], True, inner)
    same = wrapped(lambda text: text, False, one)
    assert innermost(wrapped(WRAPPERS[0], False, same)) is inner


def test_an_error_with_words_of_its_own_stays() -> None:
    for text in ("padding mode is unknown", "padding mode is unknown\nexpected same or valid"):
        error = wrapped(lambda _, said=text: said, True, KeyError("lookup of mode"))  # type: ignore[misc]
        assert innermost(error) is error
    error = wrapped(lambda text: f"layout is wrong: {text}", True, ValueError("no axis C"))
    assert innermost(error) is error


def test_a_chain_that_closes_ends() -> None:
    error = ValueError("line one\nno end")
    other = ValueError("line one\nno end")
    error.__cause__, other.__cause__ = other, error
    assert innermost(error) is error
