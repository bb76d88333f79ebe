"""Globs and words: what they match, and that nothing takes them long."""

import re
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.known.entry import Glob, Words, WordsError


def plain(pattern: str, text: str) -> bool:
    """The definition, by recursion."""

    @lru_cache(None)
    def match(i: int, j: int) -> bool:
        if i == len(pattern):
            return j == len(text)
        if pattern[i] == "*":
            return match(i + 1, j) or (j < len(text) and match(i, j + 1))
        return j < len(text) and pattern[i] in ("?", text[j]) and match(i + 1, j + 1)

    return match(0, 0)


@given(st.text("ab*?[.", max_size=8), st.text("ab[.\n", max_size=10))
def test_a_glob_is_its_definition(pattern: str, text: str) -> None:
    assert Glob(pattern)(text) is plain(pattern, text)


def test_many_stars_take_no_longer() -> None:
    # With backtracking either would take longer than anybody waits.
    assert not Glob("*a" * 26 + "*b")("a" * 20_000)
    assert not Glob("*?" * 200 + "b")("a" * 20_000)
    assert Glob("*a" * 26 + "*")("a" * 20_000)


@given(st.lists(st.text("ab", max_size=3), min_size=1, max_size=4), st.text("ab", max_size=8))
def test_words_in_order(parts: list[str], text: str) -> None:
    written = "*".join(parts)
    if written:
        expected = re.search(".*".join(parts), text) is not None
        assert Words(f"/{written}/")(text) is expected


def test_one_of_several_texts() -> None:
    words = Words("/cannot reshape array|got shape * for *8 (1)/")
    assert words("ValueError: cannot reshape array of size 3")
    assert words("got shape (2, 3) for 2x8 (1)")
    assert not words("got shape (2, 3) for 2x7 (1)")
    assert Words("a|b*")("it is a|b* here")
    assert not Words("a|b*")("a")


@pytest.mark.parametrize("text", ["/(a+)+$/", "/^a/", "/a.*b/", r"/\d/", "/(?:a)/", "/[ab]+/", "/(a|b)*c/", "/a$/"])
def test_a_regular_expression_is_refused(text: str) -> None:
    with pytest.raises(WordsError, match="of a regular expression in it, expected texts joined by"):
        Words(text)
