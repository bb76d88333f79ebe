"""One script for two frameworks: it runs each in a child process of itself and compares their answers.

TensorFlow and PyTorch crash in one process, so no two frameworks are ever given one.
"""

from __future__ import annotations

import re

import numpy as np

from conformance.dtypes import DTYPES
from conformance.frameworks.surface import Surface, surface
from conformance.repro import words
from conformance.repro.arrays import UNPACK, into_layout, out_of_layout, written
from conformance.repro.check import judged, run, tensors, variable
from conformance.repro.finding import Finding
from conformance.repro.inputs import answer, canonical_lines, local, names_of, pulled
from conformance.repro.script import assembled, commented, environment_lines, function, message, title
from conformance.verdict import Status

_ANSWER = '''
def answer(name):
    """The answer of one framework from a process of its own, or how it ended."""
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "answer.npy")
        command = [sys.executable, os.path.abspath(__file__), name, file]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode == 2:
            print(done.stdout, end="")
            sys.exit(2)
        if done.returncode == 3:
            return "refused: " + done.stdout.strip().splitlines()[-1]
        if done.returncode != 0:
            return f"died with {done.returncode}"
        print(done.stdout, end="")
        return np.load(file)
'''.strip()

_IMPORT = """
try:
    import numpy as np
except ImportError as error:
    print("this script needs NumPy:", error)
    sys.exit(2)
""".strip()

_CHILD = """
if len(sys.argv) == 3:
    # A child: it makes one framework's call.
    try:
        np.save(sys.argv[2], ANSWERS[sys.argv[1]](GIVEN))
    except ImportError as error:
        print("this script needs NumPy and both frameworks:", error)
        sys.exit(2)
    except Exception as error:
        print(f"{type(error).__name__}: {error}".splitlines()[0])
        sys.exit(3)
    sys.exit(0)
""".strip()


def across(found: Finding, other: Finding) -> str:
    """The script for two targets: 1 while their answers differ, 0 when they agree."""
    sides = [(side, surface(side.target, side.plan.text, side.dtype, names_of(side))) for side in (found, other)]
    functions = [_side(side, made) for side, made in sides]
    names = [_name(side) for side, _ in sides]
    inputs = canonical_lines(found)
    compared = _compared(sides)
    packed = any("unpacked(" in line for line in [*inputs, *compared])
    used = ["os", "subprocess", "sys", "tempfile", *(["base64", "zlib"] if packed else [])]
    table = ", ".join(f'"{side.target}": {name}' for (side, _), name in zip(sides, names, strict=True))
    given = [local(name) for name in found.plan.inputs] + _pulls(found)
    head = commented(f"{title(found)}; and on {other.target}")
    head += commented(f"Expected: {words.expected(found)}.")
    head += commented(f"{words.definition(found)}.")
    if found.verdict.divergent:
        head += commented(f"Seen on {found.target}: {message(found)}")
    head += commented(
        "Runs each framework in a process of its own. Exits 1 while their answers differ, 0 when they agree, 2 where "
        "it can't run."
    )
    return assembled(
        [
            head,
            [f"import {name}" for name in sorted(used)],
            _IMPORT.splitlines(),
            ["", *UNPACK.splitlines(), ""] if packed else [],
            inputs,
            ["", *functions[0], "", "", *functions[1], ""],
            [*_ANSWER.splitlines(), ""],
            [f"ANSWERS = {{{table}}}"],
            [line.replace("GIVEN", ", ".join(given)) for line in _CHILD.splitlines()],
            compared,
        ]
    )


def _name(side: Finding) -> str:
    return "answer_of_" + re.sub(r"\W+", "_", str(side.target))


def _side(side: Finding, made: Surface) -> list[str]:
    """A function that makes one framework's call from inputs in the op's layouts and answers in the op's layout."""
    specs = {spec.name: spec for spec in side.prepared.specs}
    names = [local(name) for name in side.plan.inputs]
    body = [*environment_lines(made)]
    body += [f"import {module}" for module in made.imports]
    body += ["", f"print({', '.join(made.versions)})", *made.setup()]
    for name in side.plan.inputs:
        spec, layout = specs[name], side.plan.layout(name)
        moved = into_layout(local(name), spec.axes, layout, spec.sizes, spec.marks)
        if moved != local(name):
            body.append(f"{local(name)} = {moved}  # {spec.axes} to {layout}")
    outputs = {spec.name: spec for spec in side.prepared.outputs}
    for output in side.prepared.cotangents if side.gradient else ():
        spec, dy, layout = outputs[output], pulled(output), side.plan.layout(output)
        moved = into_layout(dy, spec.axes, layout, spec.sizes, spec.marks)
        body += [f"{dy} = {moved}  # {spec.axes} to {layout}"] if moved != dy else []
    body += [*_single_spaced(function(side.plan, made)), *made.wrap()]
    body.append(f"tensors = {tensors(side, made)}")
    body += run(side, made)
    if made.target.shapes_alone:
        body.append(f"array = np.zeros(tuple({answer(side.output)}.shape))  # a shape alone")
        name, axes = side.output, side.axes
    else:
        name, axes = (side.input, specs[side.input].axes) if side.input else (side.output, side.axes)
        body.append(f"array = {made.values(variable(side))}")
    layout = side.plan.layout(name)
    sizes = {spec.name: spec.sizes for spec in (*side.prepared.specs, *side.prepared.outputs)}
    moved = out_of_layout("array", axes, layout, sizes.get(name, {}), side.prepared.marks(name))
    body.append(f"return {moved}" + (f"  # {layout} to {axes}" if moved != "array" else f"  # {axes}"))
    parameters = names + _pulls(side)
    return [f"def {_name(side)}({', '.join(parameters)}):", *(f"    {line}" if line else "" for line in body)]


def _pulls(side: Finding) -> list[str]:
    """The names of the cotangents, where gradients are asked for."""
    return [pulled(name) for name in side.prepared.cotangents] if side.gradient else []


def _single_spaced(lines: list[str]) -> list[str]:
    """Lines with no two empty ones in a row, as within a function."""
    return [line for i, line in enumerate(lines) if line or (i > 0 and lines[i - 1])]


def _compared(sides: list[tuple[Finding, Surface]]) -> list[str]:
    found = sides[0][0]
    lines = [
        "first, second = [answer(name) for name in ANSWERS]",
        "for name, given in zip(ANSWERS, (first, second)):",
        '    print(f"{name}:", given, sep="\\n")',
        "if isinstance(first, str) or isinstance(second, str):",
        '    print("one of them gave no answer" if type(first) is not type(second) else "neither gave an answer")',
        "    sys.exit(int(str(first)[:7] != str(second)[:7]))",
        "if first.shape != second.shape:",
        '    print("their shapes differ:", first.shape, second.shape)',
        "    sys.exit(1)",
    ]
    shapes_only = found.verdict.status is Status.SHAPE or any(made.target.shapes_alone for _, made in sides)
    if shapes_only or found.prepared.expectation.refused is not None or found.verdict.status is Status.RAISED:
        return [*lines, 'print("their shapes agree:", first.shape)', "sys.exit(0)"]
    if found.verdict.status is Status.DTYPE:
        return [
            *lines,
            'print("their dtypes:", first.dtype, second.dtype)',
            "sys.exit(int(first.dtype != second.dtype))",
        ]
    expectation = found.prepared.expectation
    if expectation.equal:
        close = ""
    else:
        reference = judged(found)[0]
        far = expectation.allowance(reference, DTYPES[found.dtype])
        far = np.where(np.isfinite(reference.value) & np.isfinite(far), far, 0.0)
        lines += [
            f"# {words.allowed(found)}; each of the two may be off by it",
            f"allowed = {written(far)}",
            'np.seterr(invalid="ignore")',
        ]
        close = " | (np.abs(first - second) <= 2 * allowed)"
    lines.append(f"same = (first == second) | np.isnan(first) & np.isnan(second){close}")
    if expectation.nonfinite != "strict":
        lines.append("same |= ~(np.isfinite(first) & np.isfinite(second))  # nothing defines what is not finite")
    return [*lines, 'print(f"{(~same).sum()} of {same.size} elements differ")', "sys.exit(int(not same.all()))"]
