"""`conformance repro`: its scripts are run by interpreters that have the frameworks and not this package: `bare.py`."""

from __future__ import annotations

import ast
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from conformance.ask.probe import Probe, ProbeError
from conformance.commands.cli import main
from conformance.environments.installed import missing
from conformance.frameworks.surface import Surface, surface
from conformance.known import KnownTable
from conformance.known.entry import Entry, environment
from conformance.layout import from_layout, parse_layout, to_layout
from conformance.record import Summary, Writer, describe_environment
from conformance.repro import across, find, issue, script
from conformance.repro.arrays import evaluated, into_layout, out_of_layout, same_bits, written
from conformance.repro.finding import Finding, beside, finding
from conformance.suite.case import Case, Place, Values
from conformance.suite.choose import suite_root
from conformance.suite.lookup import find_case
from conformance.target import FRAMEWORKS, parse_target
from conformance.verdict import Figures, Status, Verdict
from tests.bare import batches, run_all
from tests.strategies import a_case

# A verdict for each declared divergence and target on which the whole suite shows it, a line: entry, target, status,
# subject, case. A new entry needs a line for each of its targets: `conformance show` has them.
KNOWN = Path(__file__).with_name("repro_known.tsv")
ALONE = (Status.CRASHED, Status.TIMEOUT)
IMPORTED = set(sys.stdlib_module_names) | {"numpy"}
OWN = {
    "numpy": set(),
    "torch": {"torch"},
    "jax": {"jax"},
    "tensorflow": {"tensorflow"},
    "keras": {"keras"},
    "onnx": {"onnx", "onnxruntime", "ml_dtypes"},  # ONNX brings ml_dtypes along
}


@dataclass
class Expected:
    """A script, and the status with which it must end."""

    name: str
    text: str
    target: str
    code: int
    alone: bool = False
    maybe: bool = False  # the divergence does not happen every time


def entries() -> dict[str, Entry]:
    return {entry.known.name: entry for entry in KnownTable.load([suite_root() / "known"]).entries}


def known_rows() -> list[list[str]]:
    return [line.split("\t") for line in KNOWN.read_text(encoding="utf-8").splitlines()]


def known_scripts() -> list[Expected]:
    declared, made = entries(), []
    for name, target, status, subject, id in known_rows():
        case = find_case(id)
        if any(hides(other, case, target) for other in declared.values() if other.when and other.known.name != name):
            continue  # this processor shows something else of the same case
        found = finding(case, parse_target(target), Verdict(id, target, Status(status), subject), {})
        entry, alone = declared[name], Status(status) in ALONE
        code = int(not entry.when or entry.applies(said_here(target), parse_target(target)))
        maybe = entry.sometimes or entry.comes_and_goes
        made.append(Expected(f"{name} on {target}", script(found), target, code, alone, maybe))
    return made


def hides(entry: Entry, case: Case, target: str) -> bool:
    """Whether an entry of some processors is this one's, on a target and of a case."""
    asked = parse_target(target)
    return entry.on_target(asked) and entry.covers(case, environment(case)) and entry.applies(said_here(target), asked)


@cache
def said_here(target: str) -> dict[str, object]:
    """What a worker on this machine says of itself, its processor among it; nothing where it can't run."""
    with Probe([parse_target(target)]) as probe:
        try:
            return dict(probe.info(parse_target(target)))
        except ProbeError:
            return {}


Change = Callable[[Finding], Finding]


def off(found: Finding) -> Finding:
    """One element of what is expected, of the output and of every gradient, is another number."""
    expectation = found.prepared.expectation

    def bumped(reference: Any) -> Any:
        value = reference.value.copy()
        index = tuple(np.argwhere(np.isfinite(value))[-1])
        value[index] += max(abs(value[index]), 1.0) / 8
        return replace(reference, value=value)

    found.prepared.expectation = replace(
        expectation,
        outputs={name: bumped(reference) for name, reference in expectation.outputs.items()},
        gradients={name: bumped(reference) for name, reference in expectation.gradients.items()},
    )
    return found


def elsewhere(found: Finding) -> Finding:
    """An infinity or NaN is expected where there is none, and none where there is one."""
    [output] = found.prepared.expectation.outputs.values()
    value = np.where(np.isfinite(output.value), np.nan, 3.0)
    found.prepared.expectation = replace(found.prepared.expectation, outputs={"y": replace(output, value=value)})
    return found


def other_sign(found: Finding) -> Finding:
    [output] = found.prepared.expectation.outputs.values()
    value = np.where(output.value == 0.0, -output.value, output.value)
    found.prepared.expectation = replace(found.prepared.expectation, outputs={"y": replace(output, value=value)})
    return found


def then(line: str) -> Change:
    """The plan with one more line."""
    return lambda found: replace(found, plan=replace(found.plan, text=f"{found.plan.text}\n{line}"))


def asked(line: str) -> Change:
    """Another plan."""
    return lambda found: replace(found, plan=replace(found.plan, text=line))


LARGE = {"size": [7, 9], "kernel": 3, "stride": 2, "padding": "same", "in_channels": 8, "out_channels": 6}
SMALL = {"size": [3, 4], "kernel": [3, 2], "stride": 2, "padding": "valid", "in_channels": 2, "bias": True}
GRADIENT = ("shape", "dtype", "value", "gradient")


def with_inf(policy: str) -> Case:
    values = Values("specials", "integers", (Place("x", "first", "inf"),))
    return replace(a_case("conv", values=values, size=[4, 4], kernel=2, padding="valid"), nonfinite=policy)


def zeros() -> Case:
    recipe = Values("literal", arrays=(("x", (0.0, -0.0, 1.0)), ("w", (1.0,))))
    return replace(
        a_case("conv", values=recipe, dims=1, size=3, kernel=1), checks=("shape", "dtype", "value", "signed_zeros")
    )


def capped_below_avx512() -> bool:
    processor = said_here("tensorflow")["processor"]
    return "avx512" in processor["has"] and "avx512" not in processor["uses"]


def statuses() -> list[tuple[str, Case, str, Verdict, Change]]:
    """(name, a case that passes, target, the verdict as if it did not, what makes it really diverge)."""
    large, small = a_case("conv_transpose", values="normal", **LARGE), a_case("conv_transpose", **SMALL)
    graded = replace(a_case("conv_transpose", values="normal", **SMALL), checks=GRADIENT)
    refused = a_case("conv_transpose", size=4, kernel=3, stride=2, output_padding=5, padding=0, convention="torch")
    within = Figures(10, 10, 0.5)

    def verdict(status: Status, subject: str = "y", figures: Figures | None = None, message: str = "") -> Verdict:
        return Verdict("", "", status, subject, message, figures=figures)

    value = verdict(Status.VALUE)
    made: list[tuple[str, Case, str, Verdict, Change]] = [
        ("shape", small, "torch", verdict(Status.SHAPE), then("y = y[:, :, 1:]")),
        ("dtype", small, "torch", verdict(Status.DTYPE), then("y = y.double()")),
        ("integers", small, "torch", value, off),
        ("normal, drawn", large, "torch", value, off),
        ("stands out", large, "torch", verdict(Status.VALUE, figures=within), off),
        ("bits", large, "torch", verdict(Status.PRECISION, figures=within), then("y = y.bfloat16().float()")),
        ("raised", small, "torch", verdict(Status.RAISED), asked("y = torch.nn.functional.conv2d(w, x, w, w)")),
        ("accepted", refused, "torch", verdict(Status.ACCEPTED, "refusal"), asked("y = x")),
        ("two runs", small, "torch", verdict(Status.NONDETERMINISTIC), then("y = y + torch.rand_like(y)")),
        ("strict", with_inf("strict"), "torch", verdict(Status.NONFINITE), elsewhere),
        ("superset", with_inf("superset"), "torch", verdict(Status.NONFINITE), elsewhere),
        ("ignore", with_inf("ignore"), "torch", value, off),
        ("signed zeros", zeros(), "torch", verdict(Status.NONFINITE), other_sign),
        ("meta", small, "torch:meta", verdict(Status.SHAPE), then("y = y[:, :, 1:]")),
        (
            "inferred",
            replace(small, op=replace(small.op, convention="torch")),
            "onnx/shapes",
            verdict(Status.SHAPE),
            lambda found: replace(
                found, plan=replace(found.plan, text=found.plan.text.replace("strides = [2, 2]", "strides = [3, 3]"))
            ),
        ),
        ("export", small, "torch:export", value, off),
    ]
    for dtype in ("float16", "bfloat16", "float64"):
        for target in ("torch", "jax", *(["tensorflow"] if dtype == "bfloat16" else [])):
            if (target, dtype) == ("jax", "float16") and "avx" not in said_here("jax")["processor"]["uses"]:
                continue  # XLA has no float16 there
            if target == "tensorflow" and capped_below_avx512():
                continue  # TensorFlow asks oneDNN for bfloat16, which it has not there
            made.append((dtype, a_case("conv", dtype, "normal", **LARGE), target, value, off))
    for target in ("torch", "torch:export", "jax", "jax:jit", "tensorflow", "tensorflow:xla"):
        made.append(("gradient", graded, target, verdict(Status.GRADIENT, "gradient of w"), off))
    for target in ("keras/torch", "keras/jax:jit", "keras/tensorflow", "keras/tensorflow:jit"):
        made.append(("gradient", graded, target, verdict(Status.GRADIENT, "gradient of x"), off))
    half = replace(graded, dtype="bfloat16")
    made.append(("gradient in bfloat16", half, "torch", verdict(Status.GRADIENT, "gradient of b"), off))
    only = verdict(Status.RAISED, "gradient")
    made.append(("gradient raised", graded, "jax", only, asked("y = jax.lax.round(x)[:, 0, 0, 0]")))
    late = verdict(Status.TIMEOUT, "", message="no answer within 0.01 s")
    made.append(
        ("timeout", small, "torch", replace(late, message="no answer within 100 s"), lambda f: replace(f, verdict=late))
    )
    crash = verdict(Status.CRASHED, "")
    made.append(("crash", small, "numpy", crash, asked("y = sys._xoptions and x or os.abort()")))
    for target in ("numpy", "onnx", "onnx/reference"):
        made.append(("integers", replace(small, op=replace(small.op, convention="torch")), target, value, off))
    return made


def status_scripts() -> list[Expected]:
    made = []
    for name, case, target, verdict, change in statuses():
        alone = verdict.status in ALONE
        for code in (0, 1):
            found = finding(case, parse_target(target), verdict, {})
            if code:
                found = change(found)
            made.append(Expected(f"{name} on {target}", script(found), target, code, alone))
    return made


def imported(text: str) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        assert not isinstance(node, ast.ImportFrom)
    return names


def allowed(target: str) -> set[str]:
    named = parse_target(target)
    return IMPORTED | OWN[named.framework] | OWN.get(named.backend, set())


def test_every_script_shows_its_divergence_without_this_package(tmp_path: Path) -> None:
    """Exit 1 for every declared divergence; for every status 0 where nothing is wrong, and 1 where something is."""
    scripts = [s for s in [*known_scripts(), *status_scripts()] if not missing(parse_target(s.target))]
    paths: dict[Path, Expected] = {}
    shared, alone = [], []
    for number, expected in enumerate(scripts):
        assert imported(expected.text) <= allowed(expected.target), expected.name
        path = tmp_path / f"{number:03}.py"
        path.write_text(expected.text, encoding="utf-8")
        paths[path] = expected
        if expected.alone:
            alone.append(path)
        else:
            made = surface(parse_target(expected.target), "y = x", "float32")
            shared.append((path, [name.partition(" ")[0] for name in made.modules], made.environment()))
    results = run_all(batches(shared), alone)
    wrong = []
    for path, expected in paths.items():
        code, output = results[path]
        if code != expected.code and not (expected.maybe and code == 0):
            wrong.append(f"{expected.name}: exit {code}, expected {expected.code}\n{output[-1500:]}")
        assert "numpy " in output or expected.alone, f"{expected.name} printed no version: {output}"
    assert not wrong, "\n\n".join(wrong)


def test_every_framework_can_be_written_as_a_script() -> None:
    assert all(issubclass(framework.surface, Surface) for framework in FRAMEWORKS.values())


def test_every_declared_divergence_has_a_script_on_some_target() -> None:
    rows = known_rows()
    assert set(entries()) == {row[0] for row in rows}, f"{KNOWN.name} and cases/known/ name different entries"
    declared = entries()
    for name, target, status, *_ in rows:
        entry = declared[name]
        assert entry.on_target(parse_target(target)), (name, target)
        assert Status(status) in entry.statuses, (name, status)


AXES = ("NCHW", "GIOHW", "GHI")
LAYOUTS = (
    ("NHWC", "CHWN flipped W", "NCHW", "WHCN flipped"),
    ("HWIO flipped", "(GI)OHW", "HW(GO)I flipped H", "OIHW"),
    ("GHI G=ifgo", "(GH)I G=ogfi", "I(HG) G=fgoi", "IHG flipped G=ifog", "(GH)I"),
)
MARKS = {"GHI": (("G", "ifog"),)}


@given(st.data())
def test_layouts_in_numpys_words_are_the_layouts(data: st.DataObject) -> None:
    which = data.draw(st.integers(0, 2))
    axes, layout = AXES[which], parse_layout(data.draw(st.sampled_from(LAYOUTS[which])))
    shape = [data.draw(st.integers(1, 3)) for _ in axes]
    shape = [n if c in layout.letters else 1 for n, c in zip(shape, axes, strict=True)]
    marks = MARKS.get(axes, ())
    shape = [4 if c in dict(marks) else n for n, c in zip(shape, axes, strict=True)]
    array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    sizes = dict(zip(axes, shape, strict=True))
    native = evaluated(into_layout("a", axes, layout, sizes, marks), {"a": array})
    assert native is not None
    assert same_bits(native, to_layout(array, axes, layout, marks=marks))
    back = evaluated(out_of_layout("a", axes, layout, sizes, marks), {"a": native})
    assert back is not None
    unmoved = from_layout(native, axes, layout, sizes, marks=marks)
    assert same_bits(np.ascontiguousarray(back), np.ascontiguousarray(unmoved))
    assert same_bits(np.ascontiguousarray(back), array)


@given(
    arrays.arrays(
        st.sampled_from(["float16", "float32", "float64"]),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9),
    )
)
def test_an_array_as_text_is_the_array(array: np.ndarray) -> None:
    found = evaluated(written(array))
    assert found is not None
    assert same_bits(found, array)


def test_arrays_are_written_in_the_shortest_form() -> None:
    assert (
        written(np.arange(1, 19, dtype=np.float32).reshape(2, 9)) == "np.arange(1, 19, dtype=np.float32).reshape(2, 9)"
    )
    assert written(np.zeros((2, 3))) == "np.zeros((2, 3), np.float64)"
    assert written((np.arange(20) % 7 + 1.0).astype(np.float16)) == "(np.arange(20) % 7 + 1).astype(np.float16)"
    assert written(np.array([[1, -0.0, np.nan, -np.inf]])) == (
        "np.array([1, -0.0, np.nan, -np.inf], np.float64).reshape(1, 4)"
    )
    assert written(np.random.RandomState(0).standard_normal(500)).startswith('unpacked(\n    "')


def test_inputs_are_generated_where_that_is_shorter() -> None:
    large = a_case("conv", "float32", "normal", **LARGE)
    value = Verdict("", "jax", Status.VALUE)
    text = script(finding(large, parse_target("jax"), value, {}))
    assert "x = stream.standard_normal((1, 8, 7, 9)).astype(np.float32).transpose(0, 2, 3, 1).copy()  # NHWC" in text
    index = replace(large, values=Values("index"))
    text = script(finding(index, parse_target("jax"), value, {}))
    assert "np.arange(504)" in text or "np.arange(1, 505" in text
    half = a_case("conv", "bfloat16", "normal", **LARGE)
    assert "x = unpacked(" in script(finding(half, parse_target("torch"), value, {}))


CALLS = """
op: call
values: [integers]
cases:
  - name: held
    params:
      inputs: {x: {shape: [2, 3], layout: HW}}
      output: HW
      against: numpy
      plans: {numpy: "y = numpy.maximum(x, 1)", jax: "y = jax.numpy.maximum(x, 0)"}
  - name: doubled
    params:
      inputs: {x: {shape: [2, 3], layout: HW}}
      output: HW
      against: numpy
      plans: {numpy: "y = x + x", jax: {text: "y = 2 * x", layouts: {x: WH, y: WH}}}
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "calls.yaml"
    path.write_text(CALLS)
    return path


@pytest.mark.skipif(bool(missing(parse_target("jax"))), reason="JAX is not installed")
def test_another_frameworks_answer_is_expected_and_both_are_compared(calls: Path) -> None:
    jax = parse_target("jax")
    held, same = find_case("held", [calls]), find_case("doubled", [calls])
    found = finding(held, jax, Verdict(held.id, "jax", Status.VALUE), {})
    assert "It is what numpy answers to the same inputs" in script(found)
    agreeing = finding(same, jax, Verdict(same.id, "jax", Status.VALUE), {})
    numpy = parse_target("numpy")
    texts = [script(found), across(found, beside(found, numpy)), across(agreeing, beside(agreeing, numpy))]
    assert "x = x.transpose(1, 0).copy()  # HW to WH" in texts[2]
    paths = []
    for number, text in enumerate(texts):
        assert imported(text) <= allowed("jax")
        paths.append(calls.with_name(f"{number}.py"))
        paths[-1].write_text(text)
    results = run_all([], paths)
    assert [results[path][0] for path in paths] == [1, 1, 0], results


INF = "conv_transpose/specials::inf-weight-times-zero f64 inf-weight-zero-x"


def test_the_body_of_a_bug_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Live: no record is there, so the case is run first."""
    monkeypatch.chdir(tmp_path)
    report = tmp_path / "report.md"
    assert main(["repro", INF, "--on", "numpy", "--issue", "-o", str(report)]) == 0
    text = report.read_text()
    assert text.startswith("# inf-weight-times-zero f64 inf-weight-zero-x on numpy: nonfinite\n")
    for words in (
        "25 NaN and 0 infinite of 25 elements, reference 16 NaN",
        "## What should happen\n\nExpected: the numbers in `expected`.",
        f"- numpy: {np.__version__}\n",
        f"- processor: uses {', '.join(said_here('numpy')['processor']['uses'])}\n",
        "- device: cpu; sees cpu\n- flags: threads=1\n",
        "```python\n# inf-weight-times-zero",
        "Its output (exit status 1):\n\n```text\npython 3.",
        "9 of 25 elements differ\nexpected:\n",
    ):
        assert words in text, words


def test_a_bug_report_says_where_the_errors_lie_and_not_what_was_tried() -> None:
    case = find_case(INF)
    tried = "none of 2204 confusions and pairs of them gives these values; the errors lie in every element"
    for explanation, expected in (
        (tried, "\nThe errors lie in every element.\n"),
        ("equals the reference with the kernel flipped", "\nIt equals the reference with the kernel flipped.\n"),
    ):
        verdict = Verdict(case.id, "numpy", Status.VALUE, "y", "wrong", explanation=explanation)
        found = finding(case, parse_target("numpy"), verdict, said_here("numpy"))
        text = issue.body(found, "raise SystemExit(1)")
        assert expected in text
        assert "none of" not in text.partition("## What should")[0]


def record(path: Path, case: Case, target: str, **changes: Any) -> Path:
    with Writer.create(path, describe_environment(["run"])) as writer:
        writer.set_target_info(target, {"version": "1.2.3"})
        writer.add_case(case)
        writer.add_verdict(replace(Verdict(case.id, target, Status.VALUE, message="as recorded"), **changes))
        writer.finish(Summary())
    return path


def test_the_newest_record_that_has_the_case_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reports").mkdir()
    case = find_case(INF)
    record(tmp_path / "reports" / "a.db", case, "numpy")
    record(tmp_path / "reports" / "b.db", find_case("conv/found::no-input-channels integers"), "numpy")
    (tmp_path / "reports" / "c.db").write_text("no record")
    assert main(["repro", INF, "--on", "numpy"]) == 0
    assert "# Seen with 1.2.3: as recorded\n" in capsys.readouterr().out
    (tmp_path / "reports" / "a.db").unlink()
    changed = replace(case, seed=case.seed + 1)
    record(tmp_path / "reports" / "d.db", changed, "numpy")
    found = find(INF, parse_target("numpy"))
    assert found.verdict.status is Status.NONFINITE
    assert f"has changed since reports/d.db (its fingerprint was {changed.fingerprint}" in capsys.readouterr().err


def test_no_divergence_is_said_and_a_script_comes_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = record(tmp_path / "r.db", find_case(INF), "torch", status=Status.PASS)
    assert main(["repro", INF, "--on", "torch", "--record", str(path)]) == 0
    said = capsys.readouterr()
    assert "there is no divergence, and the script exits 0" in said.err
    assert "on torch: no divergence" in said.out


def test_bad_input_is_answered_with_what_would_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = record(tmp_path / "r.db", find_case(INF), "numpy")
    old = record(tmp_path / "old.db", find_case(INF), "numpy")
    with sqlite3.connect(old) as db:
        db.execute("UPDATE meta SET value = '999' WHERE key = 'schema_version'")
    db.close()
    channels = "conv/found::no-input-channels integers"
    graded = find_case(
        "conv_transpose2d[4x4 k3 s2 valid c1>2 bias keras] normal +grad",
        [suite_root() / "conv_transpose/gradients.yaml"],
    )
    gradient = record(tmp_path / "g.db", graded, "jax", status=Status.GRADIENT, subject="gradient of w")
    unsupported = record(tmp_path / "u.db", find_case(channels), "jax", status=Status.UNSUPPORTED, message="no such")
    for arguments, words in (
        ([INF, "--on", "numpi"], "--on: target 'numpi': unknown framework 'numpi'"),
        ([INF, "--on", "numpy", "--across", "torch:jit"], "--across: target 'torch:jit': unknown mode of torch 'jit'"),
        ([INF + "x", "--on", "numpy"], f"the nearest are:\n  {INF}"),
        ([INF + "x", "--on", "numpy", "--record", str(path)], f"in {path}; the nearest are:\n  {INF}"),
        ([INF, "--on", "torch", "--record", str(path)], "has no verdict on 'torch'"),
        ([INF, "--on", "numpy", "--record", str(old)], "has schema version 999, but this is Conformance"),
        ([INF, "--on", "numpy", "--record", str(tmp_path / "none.db")], "there is no such record"),
        ([channels, "--on", "jax", "--record", str(unsupported)], "is unsupported on jax, so there is nothing to"),
        ([INF, "--on", "numpy", "--across", "numpy", "--record", str(path)], "expected another one"),
        ([INF, "--on", "numpy", "--record", str(path), "-o", str(tmp_path)], "can't be written"),
        ([graded.id, "--on", "jax", "--across", "numpy", "--record", str(gradient)], "NumPy has no gradients"),
    ):
        assert main(["repro", *arguments]) == 2, arguments
        said = capsys.readouterr()
        assert words in said.err, (arguments, said.err)
        assert said.out == ""
