"""Case files in, cases out: what a file means, and every way in which it can be wrong."""

import subprocess
import sys
from collections.abc import Mapping
from itertools import islice, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.suite.case import Claim, Expect, Place, Source, Values
from conformance.suite.loader import CaseFileError, find_files, load
from tests.patience import LONG
from tests.suite.files import cases, everything, findings, labels, suite

ROOT = Path(__file__).parents[2]

# --- what a file means --------------------------------------------------------------------------------------------


def test_a_grid_is_a_product_with_dtype_and_values_as_dimensions(tmp_path: Path) -> None:
    found = cases(
        tmp_path,
        """
        op: conv_transpose
        about: Kernels against strides.
        tags: [smoke]
        defaults: {convention: keras, size: [4, 3]}
        dtype: [float32, bfloat16]
        grids:
          - grid: {kernel: [1, 2], stride: [1, 2]}
            tags: [small]
            seed: 7
        """,
    )
    assert len(found) == 2 * 2 * 2 * 2
    first = found[0]
    assert first.id == "file::conv_transpose2d[4x3 k1 valid keras] integers seed7"
    assert found[-1].id == "file::conv_transpose2d[4x3 k2 s2 valid keras] bf16 normal seed7"
    assert first.given == (("convention", "keras"), ("size", (4, 3)), ("kernel", 1), ("stride", 1))
    assert first.op.size == (4, 3)
    assert first.tags == {"smoke", "small"}
    assert first.about == "Kernels against strides."
    assert first.source == Source(str(tmp_path / "file.yaml"), 7, 5)
    assert (first.checks, first.nonfinite, first.targets) == (("shape", "dtype", "value"), "strict", ("default",))


def test_every_setting_reaches_the_case(tmp_path: Path) -> None:
    (found,) = cases(
        tmp_path,
        """
        op: conv_transpose
        cases:
          - name: doc-000
            about: Mine.
            params: {size: [4, 4], kernel: 3, stride: 2}
            values:
              kind: specials
              base: zeros
              place: [{in: w, at: [0, 0, 0, 0, 0], value: inf}, {in: x, at: last, value: -0.0}]
            dtype: float16
            seed: 3
            check: [shape, value, gradient, determinism]
            nonfinite: superset
            permits: [zeros]
            targets: [torch, "tensorflow:xla"]
            expect: {shape: [1, 9, 9, 1], layout: NHWC}
            claim: {document: "000", says: the shape is 1x7x7x1, holds: false}
        """,
    )
    assert found.id == "file::doc-000 f16 zeros+w@0.0.0.0.0=inf+x@last=-0.0 seed3 -dtype +grad +det"
    places = (Place("w", (0, 0, 0, 0, 0), "inf"), Place("x", "last", "-0.0"))
    assert found.values == Values("specials", "zeros", places, (), "zeros+w@0.0.0.0.0=inf+x@last=-0.0")
    assert found.expect == Expect((1, 9, 9, 1), None, None, "NHWC")
    assert found.claim == Claim("000", "the shape is 1x7x7x1", False)
    assert (found.seed, found.nonfinite, found.permits) == (3, "superset", {"zeros"})
    assert (found.targets, found.about) == (("torch", "tensorflow:xla"), "Mine.")


def test_literal_values_and_expected_values_are_nested_tuples(tmp_path: Path) -> None:
    (found,) = cases(
        tmp_path,
        """
        op: conv_transpose
        cases:
          - name: scatter
            params: {size: [2, 2], kernel: 2}
            values: {kind: literal, arrays: {x: [[0, 1], [2, 3]], w: [[0, 1], [2, nan]]}}
            expect: {values: [[0, 0, 1], [0, 4, 6], [4, 12, 9]], layout: HW}
        """,
    )
    arrays = dict(found.values.arrays)
    assert arrays["x"] == ((0.0, 1.0), (2.0, 3.0))
    assert arrays["w"][1][1] != arrays["w"][1][1]
    assert found.expect.values == ((0.0, 0.0, 1.0), (0.0, 4.0, 6.0), (4.0, 12.0, 9.0))


def test_where_and_exclude_leave_points_out(tmp_path: Path) -> None:
    found = cases(
        tmp_path,
        """
        op: conv_transpose
        values: integers
        grids:
          - grid: {kernel: [1, 2, 3], stride: [1, 2, 3], dilation: [1, 2]}
            where: kernel >= stride and (dilation == 1 or stride == 1)
            exclude: [{kernel: 1, stride: 1}, {kernel: 3, dilation: 2}]
        """,
    )
    expected = {
        (k, s, d)
        for k, s, d in product((1, 2, 3), (1, 2, 3), (1, 2))
        if k >= s and (d == 1 or s == 1) and not (k == 1 and s == 1) and not (k == 3 and d == 2)
    }
    assert {(c.op.kernel[0], c.op.stride[0], c.op.dilation[0]) for c in found} == expected


def test_where_sees_defaults_lists_dtype_and_values(tmp_path: Path) -> None:
    found = labels(
        tmp_path,
        """
        op: conv_transpose
        dtype: [float32, float16]
        grids:
          - grid: {size: [[4, 4], [2, 9]], kernel: [1, [1, 2]]}
            where: stride == 1 and size[0] == 4 and kernel == [1, 2] and (dtype != 'float16' or values == 'normal')
        """,
    )
    assert found == [
        "conv_transpose2d[4x4 k1x2 valid keras] integers",
        "conv_transpose2d[4x4 k1x2 valid keras] normal",
        "conv_transpose2d[4x4 k1x2 valid keras] f16 normal",
    ]


def test_a_condition_that_only_makes_sense_after_another_is_evaluated_in_order(tmp_path: Path) -> None:
    found = cases(
        tmp_path,
        """
        op: conv_transpose
        values: integers
        grids:
          - grid: {size: [4, [4, 3], [2, 3]], kernel: [3]}
            where: size != 4 and size[0] > 2
        """,
    )
    assert [c.op.size for c in found] == [(4, 3)]


def test_pairwise_counts_dtype_and_values_as_dimensions(tmp_path: Path) -> None:
    found = suite(
        tmp_path,
        """
        op: conv_transpose
        dtype: [float32, float64]
        grids:
          - grid: {kernel: [1, 2, 3], stride: [1, 2, 3], size: [3, 4], bias: [false, true]}
            where: kernel >= stride
            coverage: pairwise
        """,
    )
    seen = {(c.op.kernel[0], c.op.stride[0], c.op.size[0], c.dtype, c.values.kind) for c in found.cases()}
    assert {(k, s) for k, s, *_ in seen} == {(k, s) for k in (1, 2, 3) for s in (1, 2, 3) if k >= s}
    assert {(k, v) for k, *_, v in seen} == set(product((1, 2, 3), ("integers", "normal")))
    assert {(d, v) for *_, d, v in seen} == set(product(("float32", "float64"), ("integers", "normal")))
    assert found.count() == len(list(found.cases())) < 25


def test_a_sample_has_the_size_asked_for(tmp_path: Path) -> None:
    grid = "grid: {kernel: [1, 2, 3], stride: [1, 2, 3], size: [5, 6, 7]}"
    text = f"op: conv\ngrids:\n  - {grid}\n    coverage: {{sample: 10}}\n"
    found = suite(tmp_path, text)
    assert found.count() == 10
    assert [c.id for c in found.cases()] == [c.id for c in suite(tmp_path, text).cases()]
    assert [c.id for c in found.cases()] != [c.id for c in suite(tmp_path, text + "    seed: 1\n").cases()]


# --- ids ----------------------------------------------------------------------------------------------------------

alternatives: Mapping[str, list[Any]] = {
    "size": [[4, 4], [5, 3], 6],
    "kernel": [1, 2, [2, 3]],
    "stride": [1, 2, [1, 2]],
    "padding": ["valid", "same"],
    "out_channels": [1, 2],
    "bias": [False, True],
    "data_format": [None, "channels_last"],
}
grids = st.dictionaries(
    st.sampled_from(sorted(alternatives)), st.randoms(use_true_random=False), min_size=1, max_size=4
).map(lambda d: {k: r.sample(alternatives[k], r.randint(1, len(alternatives[k]))) for k, r in d.items()})


def written(grid: Mapping[str, list[Any]], dtypes: list[str]) -> str:
    import json

    return f"op: conv_transpose\ndtype: {json.dumps(dtypes)}\ngrids:\n  - grid: {json.dumps(grid)}\n"


@settings(max_examples=60, deadline=None)
@given(grids, st.randoms(use_true_random=False))
def test_ids_are_unique_and_do_not_depend_on_order(
    tmp_path_factory: pytest.TempPathFactory, grid: dict[str, list[Any]], random: Any
) -> None:
    folder = tmp_path_factory.mktemp("ids")
    dtypes = ["float32", "float64"]
    found = suite(folder, written(grid, dtypes))
    one = list(found.cases())
    assert found.count() == len(one)
    assert len({case.id for case in one}) == len(one)
    shuffled = {key: random.sample(grid[key], len(grid[key])) for key in random.sample(sorted(grid), len(grid))}
    two = list(suite(folder, written(shuffled, dtypes[::-1])).cases())
    assert {case.id: case.fingerprint for case in one} == {case.id: case.fingerprint for case in two}


def test_a_fingerprint_knows_more_than_the_id(tmp_path: Path) -> None:
    text = "op: conv_transpose\nvalues: integers\ncases: [{name: a, params: {kernel: 2}, nonfinite: strict}]\n"
    (one,) = cases(tmp_path, text)
    (two,) = cases(tmp_path, text.replace("strict", "ignore"))
    assert one.id == two.id
    assert one.fingerprint != two.fingerprint


def test_an_id_begins_with_the_path_below_the_nearest_folder_cases(tmp_path: Path) -> None:
    folder = tmp_path / "cases" / "conv"
    folder.mkdir(parents=True)
    file = folder / "a.yaml"
    file.write_text("op: conv\ncases: [{name: one, values: integers}]\n")
    for given_path in (tmp_path, tmp_path / "cases", folder, file):
        root, files = find_files([given_path])
        (case,) = load(files[0], root).cases()
        expected = "cases/conv/a" if given_path == tmp_path else "conv/a"
        assert case.id == f"{expected}::one integers"


# --- laziness -----------------------------------------------------------------------------------------------------

TEN_MILLION = """
op: conv_transpose
grids:
  - grid:
      convention: [torch]
      dims: [1]
""" + "".join(
    f"      {name}: {list(range(low, low + 15))}\n"
    for name, low in (("size", 1), ("kernel", 1), ("stride", 1), ("dilation", 1), ("padding", 0), ("batch", 1))
)


def test_ten_million_cases_are_counted_and_begun_without_expanding(tmp_path: Path) -> None:
    found = suite(tmp_path, TEN_MILLION)
    assert found.count() == 2 * 15**6
    assert len(list(islice(found.cases(), 10))) == 10


def test_listing_takes_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_text(TEN_MILLION)
    program = (
        "import resource, sys; from pathlib import Path; from itertools import islice\n"
        "from conformance.suite.loader import load\n"
        "suite = load(Path(sys.argv[1]), Path(sys.argv[1]).parent)\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "cases = suite.cases(); n = sum(1 for _ in islice(cases, 20000)); before = peak()\n"
        "n += sum(1 for _ in islice(cases, 60000)); print(n, peak() - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=LONG,
    )
    number, kilobytes = map(int, done.stdout.split())
    assert number == 80_000
    assert kilobytes < 16_000


# --- what can be wrong --------------------------------------------------------------------------------------------

WRONG = [
    ("abuot: x", "file.yaml:2:1: unknown key 'abuot', expected one of: op, about, tags,", "did you mean 'about'?"),
    (
        "defaults: {strides: 2}",
        "file.yaml:2:12: unknown parameter of conv_transpose 'strides'",
        "did you mean 'stride'?",
    ),
    ("defaults: {stride: 0}", "file.yaml:2:20: stride is 0, expected an integer of at least 1", ""),
    (
        "dtype: flaot32",
        "file.yaml:2:8: unknown dtype 'flaot32', expected one of: float64, float32",
        "did you mean 'float32'?",
    ),
    ("dtype: [float32, float32]", "file.yaml:2:18: 'float32' is in the list twice", ""),
    ("targets: [torhc]", "file.yaml:2:11: target 'torhc': unknown framework", "did you mean 'torch'?"),
    ("targets: [jax+x65=1]", "file.yaml:2:11: target 'jax+x65=1': unknown option of jax 'x65'", "did you mean 'x64'?"),
    ("targets: torch", "file.yaml:2:10: targets: found 'torch', expected a list of targets", ""),
    ("check: [gradients]", "file.yaml:2:9: unknown check 'gradients'", "did you mean 'gradient'?"),
    (
        "check: [adjointness]",
        "file.yaml:2:9: there is no check 'adjointness' any more",
        "write 'gradient', which holds the same",
    ),
    ("check: []", "file.yaml:2:8: the list is empty, expected checks", ""),
    ("nonfinite: lax", "file.yaml:2:12: unknown nonfinite 'lax', expected one of: strict, superset, ignore", ""),
    ("permits: [nothing]", "file.yaml:2:11: unknown permits 'nothing', expected one of: empty, zeros", ""),
    ("seed: 1.5", "file.yaml:2:7: seed: found 1.5, expected an integer", ""),
    ("seed: true", "file.yaml:2:7: seed: found true, expected an integer", ""),
    ("tags: [a b]", "file.yaml:2:8: found 'a b', expected a tag", ""),
    ("about: 3", "file.yaml:2:8: about: found 3, expected text", ""),
    ("values: [intgers]", "file.yaml:2:10: unknown values 'intgers'", "did you mean 'integers'?"),
    ("values: {base: zeros}", "file.yaml:2:9: values without `kind`", ""),
    ("values: {kind: specials, place: [{in: x, at: first}]}", "file.yaml:2:34: a place has no 'value'", ""),
    (
        "values: {kind: specials, place: [{in: x, at: 1, value: 1}]}",
        "file.yaml:2:46: at: found 1, expected first, last",
        "",
    ),
    ("values: {kind: specials, place: [{in: x, at: last, value: Inf}]}", "file.yaml:2:59: value: found 'Inf'", "-0.0"),
    ("values: {kind: literal, arrays: {x: [[1], [2, 3]]}}", "file.yaml:2:43: the array is ragged: shape [2] here", ""),
    ("values: {kind: literal, arrays: {x: [a]}}", "file.yaml:2:38: arrays: found 'a', expected a number", ""),
    ("expect: {layot: N}", "file.yaml:2:10: unknown key 'layot', expected one of: shape, values, refused", "'layout'?"),
    (
        "expect: {refused: true, shape: [1]}",
        "file.yaml:2:9: expect says that the case is refused and what it answers",
        "",
    ),
    ("expect: {shape: [1], layout: NHWCC}", "file.yaml:2:30: layout 'NHWCC' names an axis twice", ""),
    ("expect: {layout: NHWC}", "file.yaml:2:9: expect has a layout, but neither a shape nor values", ""),
    ("expect: {shape: [-1]}", "file.yaml:2:17: shape: found [-1], expected lengths of at least 0", ""),
    ("claim: {document: 000, says: x, holds: true}", "file.yaml:2:19: document: found 0, expected text (in quotes", ""),
    ("claim: {document: a, says: x}", "file.yaml:2:8: claim has no 'holds'", ""),
]


@pytest.mark.parametrize(("line", "begins", "holds"), WRONG, ids=[line for line, *_ in WRONG])
def test_a_wrong_setting_is_named_with_its_place(tmp_path: Path, line: str, begins: str, holds: str) -> None:
    (found,) = findings(tmp_path, f"op: conv_transpose\n{line}\ngrids: [{{grid: {{kernel: [3]}}}}]\n")
    assert begins in found
    assert holds in found


@pytest.mark.parametrize(
    ("grid", "points"),
    [
        ("size: [4, 5]", ["4x4", "5x5"]),
        ("size: [[4, 5]]", ["4x5"]),
        ("size: 4", ["4x4"]),
        ("size: 4, kernel: 2, padding: same, output_padding: null", ["4x4"]),
    ],
)
def test_a_list_in_a_grid_is_of_alternatives_and_one_stands_by_itself(
    tmp_path: Path, grid: str, points: list[str]
) -> None:
    (tmp_path / "a.yaml").write_text(f"op: conv_transpose\nvalues: integers\ngrids: [{{grid: {{{grid}}}}}]\n")
    cases = load(tmp_path / "a.yaml", tmp_path).cases()
    assert [case.label.partition("[")[2].partition(" ")[0] for case in cases] == points


WRONG_GRIDS = [
    ("grid: {stirde: [1]}", "3:12: unknown parameter of conv_transpose 'stirde'", "did you mean 'stride'?"),
    ("grid: {kernel: x}", "3:20: kernel is 'x', expected an integer of at least 1", ""),
    ("grid: {kernel: []}", "3:20: kernel has no alternative, so the grid has no case", ""),
    (
        "grid: {kernel: [3, 3]}",
        "3:24: kernel has the alternative 3 twice",
        "a kernel each; as one kernel it is written [[3, 3]]",
    ),
    ("grid: {bias: [true, true]}", "3:25: bias has the alternative true twice", ""),
    ("grid: {padding: [smae]}", "3:22: padding is 'smae', expected valid, same", ""),
    ("grid: {bias: [1]}", "3:19: bias is 1, expected true or false", ""),
    ("grid: [1]", "3:11: grid: found [1], expected a mapping of parameters", ""),
    ("abuot: x", "3:5: a grid has no 'grid'", ""),
    ("gird: {kernel: [1]}", "3:5: unknown key 'gird'", "did you mean 'grid'?"),
    ("grid: {kernel: [3]}\n    where: kernel > 5", "4:12: where 'kernel > 5' never holds: none of 2 points", ""),
    ("grid: {kernel: [3]}\n    where: kernel >", "4:20: where 'kernel >': not a valid expression", ""),
    ("grid: {kernel: [3]}\n    where: kernle > 1", "4:12: where 'kernle > 1': unknown parameter 'kernle'", "'kernel'?"),
    ("grid: {kernel: [3]}\n    where: 'stride == kernle'", "4:23: where 'stride == kernle': unknown parameter", ""),
    ("grid: {kernel: [3]}\n    where: true", "4:12: where is true, expected an expression", ""),
    (
        "grid: {kernel: [3]}\n    where: padding > 1",
        "4:12: where 'padding > 1' can't be evaluated",
        "(for padding: 'valid')",
    ),
    ("grid: {kernel: [3]}\n    exclude: [{kernel: 4}]", "4:15: excludes nothing: kernel is never 4 in this grid", ""),
    ("grid: {kernel: [3]}\n    exclude: [{kernel: 3}]", "4:14: `exclude` leaves none of 2 points", ""),
    ("grid: {kernel: [3]}\n    exclude: [{kernle: 3}]", "4:16: unknown parameter of conv_transpose 'kernle'", ""),
    ("grid: {kernel: [3]}\n    exclude: [{}]", "4:15: an empty mapping would exclude everything", ""),
    ("grid: {kernel: [3]}\n    coverage: pairwize", "4:15: unknown coverage 'pairwize'", "did you mean 'pairwise'?"),
    ("grid: {kernel: [3]}\n    coverage: {sample: 0}", "4:24: sample is 0, expected 1 to 100,000", ""),
    ("grid: {kernel: [3]}\n    coverage: {smaple: 1}", "4:16: unknown key 'smaple'", "did you mean 'sample'?"),
]


@pytest.mark.parametrize(("lines", "place", "holds"), WRONG_GRIDS, ids=[lines for lines, *_ in WRONG_GRIDS])
def test_a_wrong_grid_is_named_with_its_place(tmp_path: Path, lines: str, place: str, holds: str) -> None:
    found = findings(tmp_path, f"op: conv_transpose\ngrids:\n  - {lines}\n")
    assert any(f"file.yaml:{place}" in text and holds in text for text in found), found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("op: conv_trnspose\ncases: [{name: a}]\n", "file.yaml:1:5: unknown op 'conv_trnspose', expected one of: "),
        ("op: 3\ncases: [{name: a}]\n", "file.yaml:1:5: op is 3"),
        ("cases: [{name: a}]\n", "file.yaml:1:1: the file has no 'op'"),
        ("op: conv\n", "file.yaml:1:1: the file has neither `grids` nor `cases`"),
        ("op: conv\ngrids: []\n", "file.yaml:2:8: grids is [], expected a list with at least one entry"),
        ("op: conv\ncases: {name: a}\n", "file.yaml:2:8: cases is {name: 'a'}, expected a list"),
        ("op: conv\ncases: [3]\n", "file.yaml:2:9: a case is 3, expected a mapping"),
        ("op: conv\ncases: [{params: {}}]\n", "file.yaml:2:9: a case has no 'name'"),
        ("op: conv\ncases: [{name: 'a b'}]\n", "file.yaml:2:16: name: found 'a b', expected a name of letters"),
        ("- op: conv\n", "file.yaml:1:1: not a case file: expected a mapping with `op`"),
        ("conv\n", "file.yaml:1:1: not a case file: expected a mapping with `op`"),
        (
            "op: conv\ncases: [{name: a, params: {groups: 2}}]\n",
            "in_channels is 1, expected a multiple of groups, which is 2",
        ),
        ("op: conv\ncases: [{name: a, params: {size: [3, 3, 3]}}]\n", "file.yaml:2:34: size has 3 entries, expected 2"),
        (
            "op: conv_transpose\ncases: [{name: a, params: {size: [100000, 100000], out_channels: 128}}]\n",
            "file.yaml:2:34: the tensor 'y' (NCHW: 1 x 128 x 100,002 x 100,002) would take 10,240,409,604,096 bytes",
        ),
        (
            "op: conv\ncases: [{name: a, params: {size: 2}, values: {kind: literal, arrays: {x: [1], w: [1]}}}]\n",
            "1 literal values for 'x', expected 4: NCHW [1, 1, 2, 2]",
        ),
        (
            "op: conv\ncases: [{name: a, values: {kind: literal, arrays: {x: [1], v: [1]}}}]\n",
            "literal values for 'v', expected one of: x, w",
        ),
        (
            "op: conv\ncases: [{name: a, values: {kind: specials, place: [{in: b, at: last, value: 1}]}}]\n",
            "a special value in 'b', expected one of: x, w",
        ),
        (
            "op: conv\ncases: [{name: a, values: {kind: specials, place: [{in: w, at: [0, 0], value: 1}]}}]\n",
            "index [0, 0] is outside 'w', which is GIOHW [1, 1, 1, 3, 3]",
        ),
    ],
)
def test_a_wrong_file_or_case_is_named_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    found = findings(tmp_path, text)
    assert any(expected in line for line in found), found


def test_all_findings_of_a_file_come_at_once_and_in_order(tmp_path: Path) -> None:
    found = findings(
        tmp_path,
        """
        op: conv_transpose
        grids:
          - grid: {kernel: [0, 1], stirde: [1]}
            where: kernle > 1
          - grid: {kernel: [1]}
            where: kernel > 1
            coverage: pairwse
          - grid: {kernel: [1]}
            where: kernel > 1
        cases:
          - name: a
            params: {groups: 2}
          - nme: b
        """,
    )
    assert [line.split(": ")[0] for line in found] == [
        "file.yaml:3:21",
        "file.yaml:3:28",
        "file.yaml:4:12",
        "file.yaml:7:15",
        "file.yaml:9:12",
        "file.yaml:11:5",
        "file.yaml:13:5",
        "file.yaml:13:5",
    ]
    assert "in_channels is 1" in found[5]
    assert "unknown key 'nme'" in found[7]


def test_expansion_finds_contradictions_duplicates_sizes_and_misfits(tmp_path: Path) -> None:
    found = everything(
        tmp_path,
        """
        op: conv_transpose
        values: integers
        grids:
          - grid: {kernel: [1, 2], groups: [1, 2]}
          - grid: {kernel: [4, [4, 4]]}
          - grid: {size: [5, [40000, 40000], [1000000, 1000000]], out_channels: [1, 128]}
          - grid: {size: [[10, 10]]}
            values: {kind: specials, place: [{in: v, at: first, value: inf}]}
          - grid: {size: [5]}
          - grid: {kernel: [1]}
            where: padding > 3
          - grid: {kernl: [1]}
        """,
    )
    expected = [
        ":4:5: in_channels is 1, expected a multiple of groups, which is 2 (at kernel: 1, groups: 2; leave such",
        ":5:5: duplicate id 'conv_transpose2d[4x4 k4 valid keras] integers': the case is twice in this grid",
        ":6:22: the tensor 'y' (NCHW: 1 x 1 x 40,002 x 40,002) would take 12,801,280,032 bytes as float64",
        ":8:13: a special value in 'v', expected one of: x, w",
        ":9:5: duplicate id 'conv_transpose2d[5x5 k3 valid keras] integers': the case is in line 6 already",
        ":11:12: where 'padding > 3' can't be evaluated",
        ":12:12: unknown parameter of conv_transpose 'kernl'",
    ]
    assert len(found) == len(expected), found
    for line, text in zip(found, expected, strict=True):
        assert text in line


def test_running_stops_at_what_expansion_finds(tmp_path: Path) -> None:
    contradiction = suite(tmp_path, "op: conv\ngrids:\n  - grid: {kernel: [1], groups: [1, 2]}\n")
    with pytest.raises(CaseFileError, match=r"3:5: in_channels is 1"):
        list(contradiction.cases())
    duplicate = suite(tmp_path, "op: conv\ngrids:\n  - grid: {kernel: [1]}\n  - grid: {kernel: [1, 2]}\n")
    with pytest.raises(CaseFileError, match=r"4:5: duplicate id .* in line 3 already"):
        list(duplicate.cases())


def test_named_cases_may_share_parameters_but_not_a_name(tmp_path: Path) -> None:
    text = (
        "op: conv\nvalues: integers\ncases:\n  - {name: a, params: {kernel: 2}}\n  - {name: b, params: {kernel: 2}}\n"
    )
    assert labels(tmp_path, text) == ["a integers", "b integers"]
    (found,) = everything(tmp_path, text.replace("name: b", "name: a"))
    assert "file.yaml:5:5: duplicate id 'a integers': the case is in line 4 already" in found


# --- finding files ------------------------------------------------------------------------------------------------


def test_folders_are_searched_and_known_divergences_are_left_out(tmp_path: Path) -> None:
    for name in ("a.yaml", "b/c.yaml", "known/k.yaml", "b/known/k.yaml", "b/readme.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("op: conv\n")
    root, files = find_files([tmp_path, tmp_path / "b" / "c.yaml"])
    assert root == tmp_path
    assert [str(f.relative_to(tmp_path)) for f in files] == ["a.yaml", "b/c.yaml"]
    with pytest.raises(CaseFileError, match="known/ holds declared divergences"):
        find_files([tmp_path / "known"])


def test_a_path_that_is_not_there_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "strides.yaml").write_text("op: conv\n")
    (tmp_path / "empty").mkdir()
    with pytest.raises(CaseFileError) as caught:
        find_files([tmp_path / "stride.yaml", tmp_path / "strides", tmp_path / "empty", tmp_path / "x" / "y"])
    messages = [str(f) for f in caught.value.findings]
    assert len(messages) == 4
    assert any(m.endswith(f"no such file or folder; did you mean '{tmp_path}/strides.yaml'?") for m in messages)
    assert any(m == f"{tmp_path}/empty: no case file (*.yaml) in this folder" for m in messages)


def test_the_shipped_suite_is_valid() -> None:
    root, files = find_files([ROOT / "cases"])
    assert len(files) > 10
    wrong = []
    for file in files:
        try:
            wrong += load(file, root).check()
        except CaseFileError as error:
            wrong += error.findings
    assert wrong == []
