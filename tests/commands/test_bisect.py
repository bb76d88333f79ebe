"""`conformance bisect`: the search by itself, and a real change between real releases."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from conformance.commands import bisect
from conformance.commands.bisect import Seen, Untestable, search
from conformance.commands.cli import main
from conformance.verdict import Status, Verdict
from tests.versions import FFT, NEW, NEWER, OLD, command, shared_cache


def seen(number: int, changed: bool) -> Seen:
    status = Status.PASS if changed else Status.VALUE
    return Seen(Version(f"1.{number}"), Verdict("case", "jax", status), (str(status),))


@given(st.data())
def test_the_first_release_after_the_change_is_found(data: st.DataObject) -> None:
    last = data.draw(st.integers(1, 200))
    first_changed = data.draw(st.integers(1, last))
    broken = data.draw(st.sets(st.integers(1, max(1, last - 1)), max_size=5)) - {0, last}
    tried: list[int] = []

    def attempt(version: Version) -> Seen:
        number = version.release[1]
        assert number not in tried
        tried.append(number)
        if number in broken:
            raise Untestable("it does not start")
        return seen(number, number >= first_changed)

    between = [Version(f"1.{number}") for number in range(1, last)]
    change = search(seen(0, False), seen(last, True), between, attempt, lambda _: None)
    before, after = change.before.version.release[1], change.after.version.release[1]
    assert before < first_changed <= after
    # Nothing lies between but what can't be tried.
    assert {version.release[1] for version in change.between} == set(range(before + 1, after)) <= broken
    assert len(tried) <= last.bit_length() + len(broken)


def test_a_third_answer_counts_as_changed() -> None:
    answers = [Status.VALUE, Status.VALUE, Status.RAISED, Status.PASS, Status.PASS]
    all_seen = [Seen(Version(f"1.{n}"), Verdict("c", "jax", s), (str(s),)) for n, s in enumerate(answers)]
    change = search(
        all_seen[0],
        all_seen[-1],
        [s.version for s in all_seen[1:-1]],
        lambda version: all_seen[version.release[1]],
        lambda _: None,
    )
    assert (change.before.version, change.after.version) == (Version("1.1"), Version("1.2"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shared_cache(tmp_path_factory)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "fft.yaml").write_text(FFT)
    return tmp_path


def test_a_real_change_between_real_releases(folder: Path, cache: Path) -> None:
    words = ("bisect", "fft-there", "fft.yaml", "--on", "numpy")
    done = command(*words, "--good", OLD, "--bad", NEWER, cwd=folder, cache=cache)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"numpy {NEW} is the first release with the new verdict" in done.stdout
    assert f"before, {OLD}: dtype: got dtype float64, expected float32" in done.stdout
    assert f"after,  {NEW}: pass" in done.stdout
    assert "tried 3 of 3 releases" in done.stdout


CASES = """
op: call
values: ones
defaults: {inputs: {x: {shape: [3], layout: N}}, output: N}
cases:
  - {name: no-plan, params: {plans: {numpy: y = x}}, expect: {values: [1, 1, 1]}}
  - {name: elsewhere, params: {against: numpy==1.26.4, plans: {numpy: y = x, jax: y = x}}}
"""


@pytest.mark.parametrize(
    ("case", "good", "bad", "said"),
    [
        (
            "no-plan",
            "0.9.2",
            "0.10.2",
            "unsupported on jax==0.10.2, so there is nothing to look for",
        ),
        ("elsewhere", "0.9.2", "0.10.2", "is held against numpy==1.26.4, which can't be asked here"),
        ("no-plan", "0.10.2", "0.9.2", "--good 0.10.2 comes after --bad 0.9.2, expected the earlier release as --good"),
        ("no-plan", "0.9.2", "0.9.2", "--good and --bad are the same version, 0.9.2"),
    ],
)
def test_what_can_not_be_found_is_refused_before_anything_is_installed(
    tmp_path: Path,
    case: str,
    good: str,
    bad: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def asked(*_: object) -> None:
        raise AssertionError("the index was asked")

    monkeypatch.setattr(bisect, "releases", asked)
    monkeypatch.setattr(bisect, "environment", asked)
    (tmp_path / "a.yaml").write_text(CASES)
    words = ["bisect", case, str(tmp_path / "a.yaml"), "--on", "jax", "--good", good, "--bad", bad]
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_nothing_to_look_for(folder: Path, cache: Path) -> None:
    words = ("bisect", "fft-there", "fft.yaml", "--on", "numpy")
    done = command(*words, "--good", NEW, "--bad", NEWER, "--bits", cwd=folder, cache=cache)
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"{NEW} and {NEWER} do not differ" in done.stderr
