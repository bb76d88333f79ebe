"""A stand-alone script: NumPy and one framework (or two, each in a process of its own), and nothing of ours."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Sequence

from conformance.frameworks.surface import Surface, surface
from conformance.plan import Plan
from conformance.record.facts import version
from conformance.repro import words
from conformance.repro.arrays import UNPACK
from conformance.repro.check import check, tensors, time_limit
from conformance.repro.finding import Finding
from conformance.repro.inputs import SCRIPT_NAMES, input_lines, names_of
from conformance.text.plain import one_line
from conformance.verdict import Status
from conformance.worker.statements import code_lines, split_once

WIDTH = 100


def script(found: Finding) -> str:
    """The script for one target."""
    made = surface(found.target, found.plan.text, found.dtype, names_of(found))
    body = [*input_lines(found), *function(found.plan, made), *made.wrap()]
    if made.wrap() and made.wrap()[-1].startswith("    "):
        body += ["", ""]
    if found.verdict.status is not Status.NONDETERMINISTIC:
        body.append(f"tensors = {tensors(found, made)}")
    body += check(found, made)
    dies = found.verdict.status in (Status.CRASHED, Status.TIMEOUT)
    packed = any("unpacked(" in line for line in body)
    used = ["os", "sys", *(["signal"] if found.verdict.status is Status.CRASHED else [])]
    used += ["subprocess"] if dies else []
    used += ["base64", "zlib"] if packed else []
    environment = environment_lines(made)
    if not environment and not dies:
        used.remove("os")
    return assembled(
        [
            head(found),
            [f"import {name}" for name in sorted(used)],
            environment,
            _in_a_child(found) if dies else [],
            import_lines(made),
            [f'print("python", sys.version.split()[0], "numpy", np.__version__, {", ".join(made.versions)})']
            if made.modules != ["numpy"]
            else ['print("python", sys.version.split()[0], "numpy", np.__version__)'],
            made.setup(),
            ["", *UNPACK.splitlines(), ""] if packed else [],
            body,
        ]
    )


def assembled(parts: Sequence[Sequence[str]]) -> str:
    """Parts with an empty line between them."""
    return "\n".join("\n".join(part) + "\n" for part in parts if part)


def commented(text: str) -> list[str]:
    """Text as comment lines."""
    return textwrap.wrap(
        one_line(text),
        WIDTH,
        initial_indent="# ",
        subsequent_indent="#   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def title(found: Finding) -> str:
    """The case's label, the target and the status."""
    status = f"{found.verdict.status}" if found.verdict.divergent else "no divergence"
    about = f" ({found.verdict.about})" if found.verdict.about not in ("", "refusal") else ""
    return f"{found.case.label} on {found.target}: {status}{about}"


def message(found: Finding) -> str:
    """The verdict's message on one line; of a process's last words only how it ended."""
    text = one_line(found.verdict.message).replace("the worker died", "the process died")
    return text.partition("): ")[0] + ")" if found.verdict.status is Status.CRASHED and "): " in text else text


def head(found: Finding) -> list[str]:
    """What the script shows, as comments."""
    lines = commented(title(found))
    lines += commented(f"Expected: {words.expected(found)}.")
    lines += commented(f"{words.definition(found)}.")
    if found.verdict.divergent:
        seen = version(dict(found.info))
        lines += commented(f"Seen{f' with {seen}' if seen else ''}: {message(found)}")
        if found.verdict.explanation:
            lines += commented(f"Explained: {found.verdict.explanation}")
    if found.verdict.known is not None:
        link = f", {found.verdict.known.link}" if found.verdict.known.link else ""
        lines += commented(f"Known: {found.verdict.known.name}{link}")
    lines += commented("Exits 1 while this is so, 0 when it is not, 2 where it can't run.")
    return lines


def environment_lines(made: Surface) -> list[str]:
    """What must be set before the import."""
    lines = []
    for name, value in made.environment().items():
        if value is None:
            lines.append(f'os.environ.pop("{name}", None)')
        else:
            lines.append(f'os.environ["{name}"] = "{value}"')
    return lines


def import_lines(made: Surface) -> list[str]:
    """The imports, whose failure says that this environment can't run the script."""
    modules = made.imports
    names = ", ".join(dict.fromkeys(["numpy", *(module.split(" as ")[0].split(".")[0] for module in modules)]))
    return [
        "try:",
        *(f"    import {module}" for module in ["numpy as np", *modules]),
        "except ImportError as error:",
        f'    print("this script needs {names}:", error)',
        "    sys.exit(2)",
    ]


def function(plan: Plan, made: Surface) -> list[str]:
    """The plan as the function `call` of its inputs. What uses no input stands before it where the mode compiles."""
    outside, inside = _halves(plan, made.splits)
    body = [f"    {line}" if line else line for line in inside]
    comment = ", ".join(f"{name}: {layout}" for name, layout in plan.layouts)
    note = [f"    # {plan.note}"] if plan.note else []
    return [
        *outside,
        "",
        "",
        f"def call({', '.join(plan.inputs)}):",
        f"    # {comment}",
        *note,
        *body,
        f"    return {', '.join(plan.outputs)}",
        "",
        "",
    ]


def _halves(plan: Plan, splits: bool) -> tuple[list[str], list[str]]:
    """The plan's lines that stand before the function, and those in it.

    They are the plan's own, with its comments, where each statement has a line of its own and every name can stay.
    Elsewhere (a statement over several lines, two on one, a name that the script or both halves use) they are written
    anew from the syntax tree.
    """
    tree = ast.parse(plan.text)
    # Trees are changed in place: the first shows what is said anew.
    before = ast.unparse(tree)
    once, rest = split_once(tree.body, plan.inputs, SCRIPT_NAMES) if splits else ([], tree.body)
    spans = [(s.lineno, s.end_lineno or s.lineno) for s in ast.parse(plan.text).body]
    alone = all(first == last for first, last in spans) and len({first for first, _ in spans}) == len(spans)
    if alone and ast.unparse(ast.Module([*once, *rest], [])) == before:
        lines = code_lines(plan.text)
        first = spans[len(once) - 1][1] if once else 0
        return lines[:first], [line.strip() for line in lines[first:]]
    return [line for s in once for line in ast.unparse(s).split("\n")], [
        line for s in rest for line in ast.unparse(s).split("\n")
    ]


def _in_a_child(found: Finding) -> list[str]:
    limit = time_limit(found)
    lines = [
        'if "child" not in sys.argv:',
        "    # The call takes its process with it, so it is made in another one.",
        f"    print({'expected: ' + words.expected(found)!r}, flush=True)",
        '    command = [sys.executable, os.path.abspath(__file__), "child"]',
    ]
    if found.verdict.status is Status.TIMEOUT:
        return [
            *lines,
            "    try:",
            f"        sys.exit(subprocess.run(command, timeout={limit:g}).returncode)",
            "    except subprocess.TimeoutExpired:",
            f'        print("actual:   no answer within {limit:g} s")',
            "        sys.exit(1)",
        ]
    return [
        *lines,
        "    done = subprocess.run(command)",
        "    if done.returncode in (0, 2):",
        "        sys.exit(done.returncode)",
        "    ended = signal.Signals(-done.returncode).name if done.returncode < 0 else done.returncode",
        '    print("actual:   the process ended with", ended)',
        "    sys.exit(1)",
    ]
