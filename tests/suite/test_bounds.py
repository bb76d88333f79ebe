"""Files that ask for too much end with a finding, whatever the machine: what is counted is work, not time."""

import random
from pathlib import Path

import pytest

from conformance.suite import fit, grid
from conformance.suite.loader import CaseFileError, find_files, load, validate
from conformance.text.plain import one_line
from tests.suite.files import cases, everything, findings, suite

NAMES = ("size", "kernel", "stride", "dilation", "batch", "in_channels")


def axes(number: int, indent: str = "      ") -> str:
    return "".join(f"{indent}{name}: {list(range(1, number + 1))}\n" for name in NAMES)


def a_grid(number: int, rest: str = "") -> str:
    return f"op: conv\ngrids:\n  - grid:\n{axes(number)}    {rest}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (a_grid(1000), "file.yaml:3:5: the file has 2,000,000,000,000,000,000 cases, expected at most 1,000,000"),
        (a_grid(1000, "where: in_channels < 0"), "file.yaml:10:12: too few points are left"),
        (a_grid(1000, "where: size + kernel + in_channels > 0"), "more than 1,000,000 points are left"),
        (a_grid(1000, "where: (size + batch + in_channels) % 31 == 0"), "too few points are left"),
        (a_grid(100, "exclude: [{size: 1, kernel: 2}]"), "file.yaml:3:5: the file has 1,999,800,000,000 cases"),
        (a_grid(400, "coverage: pairwise"), "file.yaml:10:15: pairwise coverage of 2,409,605 pairs of values"),
        (a_grid(150, "coverage: pairwise"), "takes too long to find"),
        (a_grid(1000, "coverage: {sample: 100000}\n    where: size < 0"), "never holds"),
        (
            a_grid(900, "coverage: {sample: 1000}\n    where: size + kernel + in_channels == 2700"),
            "takes too long to draw",
        ),
        (
            "op: conv\ngrids:\n"
            + f"  - grid:\n{axes(300)}    coverage: {{sample: 1}}\n    where: size + kernel > 0\n" * 40,
            "too few points are left",
        ),
        (
            a_grid(1000, "coverage: {sample: 100000}\n    where: size + kernel + stride + dilation > 0"),
            "a sample of 100,000 points takes too long to draw: no end after",
        ),
        (f"op: conv\nseed: {list(range(10_001))}\ncases: [{{name: a}}]\n", "2:7: the list has 10,001 integers"),
        (f"op: conv\nseed: {list(range(300_000))}\ncases: [{{name: a}}]\n", "more than 250,000 values"),
        (f"op: conv\ngrids: [{{grid: {{size: {list(range(10_001))}}}}}]\n", "the list has 10,001 alternatives"),
        (a_grid(2, f"exclude: {[{'size': 1}] * 1001}".replace("'", "")), "the list has 1,001 mappings"),
        (f"op: conv\ncases: [{{name: {'a' * 201}}}]\n", "2:16: name: found 201 characters, expected at most 200"),
        (f"op: conv\nabout: {'a' * 4001}\ncases: [{{name: a}}]\n", "about: found 4,001 characters"),
        (
            "op: conv\ncases: [{name: a, values: {kind: specials, place: ["
            + ", ".join(f"{{in: x, at: [0, 0, {i}, 0], value: 1}}" for i in range(60))
            + "]}}]\n",
            "expected a `name` of its own",
        ),
    ],
)
def test_a_file_that_asks_for_too_much_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    found = everything(tmp_path, text)
    assert any(expected in line for line in found), [line[:300] for line in found]


CASES = [
    (
        "conv",
        "size: [100000, 100000]",
        "the tensor 'x' (NCHW: 1 x 1 x 100,000 x 100,000) would take 80,000,000,000 bytes",
    ),
    ("conv", "size: [16000, 16000], kernel: 1", "the tensors and the reference would take 6,144,000"),
    ("conv", "size: 9000, kernel: 9", "would take 53,"),
    ("conv", "size: 100, kernel: 90, in_channels: 100, out_channels: 100", "would take 9,817,560,000 multiply-adds"),
    ("conv_transpose", "size: 100, kernel: 30, in_channels: 100, out_channels: 100", "would take 90,001,920,000 mult"),
    ("conv_transpose", "size: 1, kernel: 1099511627776, dims: 1, in_channels: 0, out_channels: 0", "the tensor 'w'"),
    ("conv_transpose", "size: 4, kernel: 9000, batch: 0", "would take "),
    ("conv", "batch: 0, size: [1099511627776, 1099511627776]", "the tensor 'x'"),
]


@pytest.mark.parametrize(("op", "params", "expected"), CASES)
def test_a_case_that_takes_too_much_is_refused_with_the_figure(
    tmp_path: Path, op: str, params: str, expected: str
) -> None:
    said = findings(tmp_path, f"op: {op}\ncases: [{{name: a, permits: [empty], params: {{{params}}}}}]\n")
    assert len(said) == 1
    assert expected in said[0]
    assert "expected at most" in said[0]


def test_gradients_count(tmp_path: Path) -> None:
    text = "op: conv\ncases: [{name: a, params: {size: 7500, kernel: 1}, check: [CHECK]}]\n"
    (plain,) = [fit.oversize(c.op, c.checks) for c in cases(tmp_path, text.replace("CHECK", "value"))[:1]]
    assert plain is None
    assert "together" in findings(tmp_path, text.replace("CHECK", "gradient"))[0]


def test_the_shipped_suite_is_far_from_every_limit() -> None:
    root, files = find_files([Path(__file__).parents[2] / "cases"])
    most = 0
    for file in files:
        for case in load(file, root).cases():
            if case.op.refusal() is None:
                most = max(most, case.op.effort(True)[0])
    assert 0 < most < fit.MAX_WORK // 100


@pytest.mark.parametrize("shape", ["[0, 99999999999999]", f"[{'9' * 400}, 1]", "[-1, 1]"])
def test_a_shape_that_no_array_has(tmp_path: Path, shape: str) -> None:
    text = (
        "op: call\ncases: [{name: a, expect: {values: [1]}, params: "
        f"{{inputs: {{x: {{shape: {shape}, layout: NC}}}}, "
        "output: N, plans: {numpy: y = x}}}]\n"
    )
    (said,) = findings(tmp_path, text)
    assert "inputs.x.shape: found [" in said or "an integer of 1329 bits, expected at most 64" in said
    assert len(said) < 400


def test_a_message_stays_on_its_line(tmp_path: Path) -> None:
    text = 'op: conv\n"a\\n::error::x": 1\nabout: {"b\\n::error::y": 1}\ngrids: [{grid: {"\\tc": [1]}}]\n'
    found = findings(tmp_path, text)
    assert len(found) == 3
    assert all(line == one_line(line) for line in found)


def test_findings_are_limited(tmp_path: Path) -> None:
    found = findings(tmp_path, "op: conv\n" + "".join(f"k{i}: 1\n" for i in range(5_000)))
    assert len(found) == 101
    assert "and more: reading ends after 100 findings" in found[-1]


def test_findings_on_duplicates_are_limited(tmp_path: Path) -> None:
    same = f"  - grid: {{size: {list(range(1, 300))}}}\n"
    found = everything(tmp_path, f"op: conv\ngrids:\n{same}{same}")
    assert len(found) == 101
    assert sum("duplicate id" in line for line in found) == 100
    assert sum("and more: reading ends after 100 findings" in line for line in found) == 1


# --- whatever is in a file ----------------------------------------------------------------------------------------

SEEDS = (
    """op: conv_transpose
about: Strides.
tags: [smoke, a]
targets: [default, "jax+x64=1"]
defaults: {convention: keras, padding: same}
dtype: [float32, float16]
seed: [0, 7]
grids:
  - grid: {size: [[4, 4], 5], kernel: [1, 2, 3], stride: [1, 2]}
    where: kernel >= stride and (dilation == 1 or stride in [1])
    exclude: [{kernel: 1, stride: 2}]
  - grid: {kernel: [1, 2], stride: [1, 2], bias: [true], groups: [1]}
    coverage: pairwise
    check: [shape, gradient]
  - grid: &g {kernel: [4, 5], stride: [1, 2]}
    coverage: {sample: 3}
""",
    """op: conv
cases:
  - name: one
    params: {size: 2, kernel: 2, padding: [[0, 1], [1, 0]]}
    values: {kind: literal, arrays: {x: [1, 2, 3, 4], w: [[1, nan], [-inf, 0.5]]}}
    expect: {shape: [1, 1, 2, 2], layout: NCHW}
  - name: two
    values: {kind: specials, name: s, place: [{in: w, at: first, value: inf}, {in: x, at: last, value: 1}]}
    nonfinite: superset
    permits: [zeros]
    claim: {document: a, says: b, holds: true}
""",
    """op: call
cases:
  - name: three
    values: {kind: literal, arrays: {x: [10, 20]}}
    expect: {values: [[[15]]]}
    params:
      inputs: {x: {shape: [1, 1, 2], layout: NCW}}
      output: NCW
      allowance: {ulp: 2}
      plans:
        torch: y = torch.nn.functional.avg_pool1d(x, 3, stride=2)
        keras:
          text: |
            y = keras.ops.average_pool(x, 3)
          layouts: {x: NWC, y: CWN}
  - name: four
    params:
      reference: {op: conv, params: {size: [4, 3], kernel: 2}}
      plans: {jax: "y = x"}
""",
)
PIECES = (
    "[", "]", "{", "}", ":", "- ", "\n", "\n  ", "'",
    "\"", "&a ", "*a", "!t ", "? ", "| ", "> ", "%", "#",
    "\t", "\x00", "\u2028", "\ufeff", "\ud7ff", "---\n", "null", "true", ".inf",
    ".nan", "1e999", "-1", "0", "1.5", "99999999999999999999", "0xfffffffffffff", "2020-01-01", "1:30",
    "[[[[]]]]", "{a: 1}", "default", "numpy==1.26.4", "size", "kernel", "where: 1 / 0", "size[9] > 0", "'a' < 1",
    "~", "a" * 300, "-0.0", "same", "1099511627776", "\\u0000",
)  # fmt: skip


def mutated(text: str, random: random.Random) -> str:
    for _ in range(random.choice((1, 1, 2, 4))):
        at, length = random.randrange(len(text) + 1), random.choice((0, 0, 0, 1, 1, 3, 10, 40))
        taken = random.choice(
            (
                "",
                random.choice(PIECES),
                random.choice(PIECES) * random.randint(1, 9),
                text[at - 30 : at] if at > 30 else "x",
            )
        )
        text = text[:at] + taken + text[at + length :]
    return text


def test_whatever_a_file_says_the_loader_answers_with_findings(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    chance = random.Random(8)
    valid = 0
    for number in range(1200):
        text = mutated(chance.choice(SEEDS), chance)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            loaded = load(path, tmp_path)
        except CaseFileError as error:
            said = error.findings
        else:
            said = []
            loaded.count()
            assert loaded.budget.left > -grid.MAX_LOOKS
        found, count = validate(path, tmp_path)
        assert all(str(finding) == one_line(str(finding)) for finding in (*said, *found)), (number, text)
        assert bool(found) is (count == 0)
        valid += not found
    assert 40 < valid < 1100


def test_a_sample_without_conditions_may_be_as_large_as_is_said(tmp_path: Path) -> None:
    assert suite(tmp_path, a_grid(100, "coverage: {sample: 100000}")).count() == 100_000


def test_a_budget_is_for_one_pass(tmp_path: Path) -> None:
    made = suite(tmp_path, a_grid(8, "where: size + kernel + stride + dilation + batch + in_channels == 9"))
    assert made.count() == made.count() == len(list(made.cases())) == len(list(made.cases()))
