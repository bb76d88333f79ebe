"""`conformance recipe`: read a call, translate it, run both, and print what was found right."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from conformance.judge.compare import Judgement
from conformance.recipe import told
from conformance.recipe.answers import Answer, Answers
from conformance.recipe.bench import PLACES, USUAL, places
from conformance.recipe.call import Call, CallError
from conformance.recipe.inverse import told as said
from conformance.recipe.inverse import ways
from conformance.recipe.meant import Meant, read_words
from conformance.recipe.read import read_call
from conformance.recipe.read_onnx import as_call
from conformance.recipe.read_separable import TwoCalls
from conformance.recipe.signatures import candidates
from conformance.recipe.spoken import is_known
from conformance.recipe.syntax import Parsed, parse, read_values
from conformance.recipe.verify import RIGHT, NoRecipe, Recipe, Recipes
from conformance.recipe.weight_files import read_arrays
from conformance.recipe.weights import choose, convert, find_kernel, own_shape
from conformance.session import declare
from conformance.session.outputs import output
from conformance.target import TargetError
from conformance.usage import HARNESS, OK, UNEXPECTED, UsageError, unwritable

# A shape of more elements than this is a slip of the pen; the reference would take minutes.
MAX_PRODUCTS = 2**36
MAX_ELEMENTS = 2**24

# Of names and other code in the call, by `read_values`.
Values: TypeAlias = Mapping[str, ast.expr]


@dataclass(frozen=True)
class Converted:
    """Real weights that were converted for one target: the file that holds them, and how both were judged with them."""

    path: Path | None
    source: Judgement
    target: Judgement

    @property
    def right(self) -> bool:
        """Whether the call and its translation gave what the weights ask for."""
        return self.source.status in RIGHT and self.target.status in RIGHT


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `recipe` is asked."""

    call: str = declare.positional(metavar="CALL", help="a layer or function call as it stands in your code")
    on: tuple[str, ...] = declare.option(
        "--on",
        nargs="+",
        default=(),
        metavar="TARGET",
        help="torch, jax, tensorflow, keras, onnx, or such as keras/jax (default: every other of the first four)",
    )
    input: str | None = declare.option("--input", metavar="SHAPE", help="the shape of the input, such as 1,8,8,3")
    weight: str | None = declare.option(
        "--weight", metavar="SHAPE", help="the shape of the weights, where the call does not say it (of two: A/B)"
    )
    weights: Path | None = declare.option(
        "--weights",
        type=Path,
        metavar="FILE",
        help="convert these weights and check them (.npz, .safetensors, .pth, .keras, .h5)",
    )
    layer: str = declare.option(
        "--layer", default="", metavar="NAME", help="whose weights they are, where the file has several: decoder.up"
    )
    output: Path | None = declare.option(
        "-o", "--output", type=output, metavar="FILE", help="where the converted weights go (.npz)"
    )
    shape: tuple[str, ...] = declare.option(
        "--shape",
        nargs="+",
        default=(),
        metavar="NAME=SHAPE",
        help="the shapes of tensors by the op's names, such as x=2,3,8",
    )
    let: tuple[str, ...] = declare.option(
        "--let",
        nargs="+",
        default=(),
        metavar="NAME=VALUE",
        help="the values of names in the call, such as in_ch=64 self.k=3",
    )
    length: str | None = declare.option(
        "--length", metavar="SIZES", help="say which padding gives an output of this length, such as 14 or 14,16"
    )
    json: bool = declare.switch("--json", help="for tools")


def main(options: Options) -> int:
    """Translate one call. 0: at least one target was verified; 1: converted weights did not fit; 3: none was."""
    values = read_values(options.let)
    parsed = parse(as_call(options.call), values)
    if not candidates(parsed.dotted) and is_known(parsed.dotted):
        return _of_words(options, parsed)
    if options.shape:
        raise UsageError("--shape is of calls that are no convolutions; expected --input and --weight")
    if options.length:
        return _of_length(options, options.length, values)
    return _of_convolution(options, values)


def _of_words(options: Options, parsed: Parsed) -> int:
    """A call that is read from the words of its framework. 0: at least one target was verified; 3: none was."""
    if options.weights or options.weight or options.output:
        raise UsageError("--weight, --weights and -o are of convolutions; expected --input or --shape")
    names = _targets(options.on, every=True)
    meant = read_words(parsed, _shapes(options.shape), _shape("--input", options.input))
    _refuse_effort(meant)
    names = names or [name for name in USUAL if name != meant.framework]
    found: list[Answer | NoRecipe] = []
    with Recipes() as recipes:
        recipes.start([meant.framework, *names])
        answers = Answers(meant, recipes.bench)
        if not options.json:
            print(told.header(meant))
        for name in names:
            found.append(answers.answer(name))
            if not options.json:
                print("\n" + told.section(meant, name, found[-1]), flush=True)
    if options.json:
        json.dump(told.document(meant, names, found), sys.stdout, indent=2)
        print()
    return OK if any(isinstance(answer, Answer) for answer in found) else HARNESS


def _shapes(given: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """`x=2,3,8`, by name."""
    shapes = {}
    for text in given:
        name, equals, lengths = text.partition("=")
        shape = _shape("--shape", lengths) if equals and name.isidentifier() else None
        if shape is None:
            raise UsageError(f"--shape is {text!r}, expected a tensor's name and its lengths, such as x=2,3,8")
        shapes[name] = shape
    return shapes


def _refuse_effort(meant: Meant) -> None:
    elements = sum(prod(spec.shape) for spec in (*meant.op.inputs(), *meant.op.outputs()))
    if elements > MAX_ELEMENTS or meant.op.effort(False)[0] > MAX_PRODUCTS:
        raise UsageError(
            f"verifying this would take tensors of {elements:,} elements in all, at most {MAX_ELEMENTS:,} are taken; "
            "give a smaller --input: the code for another length differs in nothing but lengths"
        )


def _of_convolution(options: Options, values: Values) -> int:
    names = _targets(options.on)
    arrays = read_arrays(options.weights) if options.weights else {}
    if options.layer and not options.weights:
        raise UsageError("--layer says whose weights are meant; expected --weights FILE beside it")
    if options.output and not options.weights:
        raise UsageError("-o says where converted weights go; expected --weights FILE beside it")
    if options.output and len(names) > 1:
        raise UsageError("-o names one file, but --on names several targets; ask for one of them at a time")
    call = _read(options, arrays, values)
    names = names or [name for name in USUAL if name != call.framework]
    _refuse_giants(call)
    if isinstance(call, TwoCalls) and options.weights:
        raise UsageError("--weights is of one convolution; give each of the two that the note names")
    own = choose(options.weights, arrays, call, options.layer) if options.weights and arrays else {}
    found: list[tuple[Recipe | NoRecipe, Converted | None]] = []
    with Recipes() as recipes:
        recipes.start([call.framework, *names])
        if not options.json:
            print(_header(call))
        for name in names:
            recipe = recipes.recipe(call, name)
            converted = None
            if isinstance(recipe, Recipe) and options.weights and own:
                path = options.output or options.weights.with_name(f"{options.weights.stem}.{_file_word(name)}.npz")
                converted = _convert(recipes, recipe, own, path, options.weights)
            found.append((recipe, converted))
            if not options.json:
                print("\n" + _section(name, recipe, converted), flush=True)
    if options.json:
        json.dump(_document(call, found, names), sys.stdout, indent=2)
        print()
    if not any(isinstance(recipe, Recipe) for recipe, _ in found):
        return HARNESS
    return OK if all(c is None or c.right for _, c in found) else UNEXPECTED


def _of_length(options: Options, length: str, values: Values) -> int:
    """Which padding gives an output of a length. 0: one does; 1: none does."""
    call = _read(options, {}, values)
    if options.on or options.weights or not options.input or isinstance(call, TwoCalls):
        raise UsageError(
            "--length asks which padding gives a length from an --input; expected it, no --on, no --weights"
        )
    found = ways(call, _shape("--length", length) or ())
    if options.json:
        document = {
            "call": call.text,
            "gives": found.own,
            "asked": found.asked,
            "found": [{"arguments": dict(way.arguments), "call": way.text} for way in found.found],
            "nearest": [
                {"arguments": dict(way.arguments), "call": way.text, "gives": way.sizes} for way in found.nearest
            ],
        }
        json.dump(document, sys.stdout, indent=2)
        print()
    else:
        print(f"{_header(call)}\n{said(found)}")
    return OK if found.found or found.own == found.asked else UNEXPECTED


def _read(options: Options, arrays: Mapping[str, NDArray[Any]], values: Values) -> Call:
    """The call. A function does not say what weights it is given: those of the file, where there is one."""
    shape = _shape("--input", options.input)
    weight, *pointwise = [_shape("--weight", text) for text in (options.weight or "").split("/") if text] or [None]
    if len(pointwise) > 1:
        raise UsageError(f"--weight is {options.weight!r}, expected a shape, or two with a / between them")
    if weight is None and options.weights and arrays:
        try:
            call = read_call(options.call, shape, None, values)
        except CallError:
            call = None
        if call is None or call.kind != "layer":
            weight = arrays[find_kernel(options.weights, arrays, options.layer)].shape
    return read_call(options.call, shape, weight, values, *pointwise)


def _targets(given: Sequence[str], every: bool = False) -> list[str]:
    """The targets that are asked for; none where nobody said. `every`: any framework, not only those of `PLACES`."""
    names = list(dict.fromkeys(n.strip() for word in given for n in word.split(",") if n.strip()))
    if given and not names:
        raise UsageError(f"--on names no target, expected some of: {', '.join(PLACES)}")
    for name in names:
        try:
            target = places(name)[0]
        except TargetError as error:
            raise UsageError(f"--on: {error}") from None
        if (target.framework not in PLACES and not every) or target.shapes_alone:
            raise UsageError(f"--on: no code can be verified on {name}, expected some of: {', '.join(PLACES)}")
    return names


def _shape(option: str, text: str | None) -> tuple[int, ...] | None:
    """`1,8,8,3`, `1x8x8x3` or `(1, 8, 8, 3)`."""
    if text is None:
        return None
    words = [w for w in re.split(r"[,x\s]+", text.strip().strip("()[]")) if w]
    if not words or not all(w.isascii() and w.isdigit() for w in words):
        raise UsageError(f"{option} is {text!r}, expected lengths such as 1,8,8,3")
    return tuple(int(w) for w in words)


def _refuse_giants(call: Call) -> None:
    p = call.op
    products = prod((p.batch, p.in_channels, p.out_channels, *p.size, *p.kernel)) // p.groups
    if products > MAX_PRODUCTS:
        raise UsageError(
            f"verifying this would take {products:,} products, at most {MAX_PRODUCTS:,} are taken; "
            "give a smaller --input: the code for another length differs in nothing but lengths"
        )


def _file_word(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.=]+", "-", name)


def _convert(recipes: Recipes, recipe: Recipe, own: Mapping[str, NDArray[Any]], path: Path, source: Path) -> Converted:
    """Convert, check by running both, and write the file where both are right."""
    if path.resolve() == source.resolve():
        raise UsageError(f"-o is {path}, the file that is read; expected another name")
    for which, array in own.items():
        if not np.isfinite(array).all():
            raise UsageError(f"{source}: the {recipe.call.weight_name(which)} holds NaN or infinities")
    judged = recipes.check_weights(recipe, own)
    if not all(j.status in RIGHT for j in judged):
        return Converted(None, *judged)
    named = {recipe.call.weight_name(which): array for which, array in own.items()}
    arrays = convert(recipe.code.weights, named)
    wanted = {name: arrays[name] for name, which in recipe.code.ran.inputs if which != "x"}
    try:
        np.savez(path, **wanted)  # type: ignore[arg-type]
    except OSError as error:
        raise unwritable(f"{path} can't be written: {error.strerror or error}", error) from None
    return Converted(path, *judged)


# --- for a person -----------------------------------------------------------------------------------------------------


def _header(call: Call) -> str:
    facts = []
    for which, layout in call.layouts:
        if which != "y":
            name = "x" if which == "x" else call.weight_name(which)
            facts.append(f"{name} {own_shape(call, which)} {layout}")
    notes = [f"  note: {note}" for note in call.notes]
    return "\n".join([call.text.strip(), f"  {', '.join(facts)}, {call.dtype}", *notes])


def _section(name: str, recipe: Recipe | NoRecipe, converted: Converted | None) -> str:
    title = f"--- {name} "
    lines = [title + "-" * max(60 - len(title), 3)]
    if isinstance(recipe, NoRecipe):
        return "\n".join([*lines, f"no recipe: {recipe.reason}"])
    lines += [recipe.code.script, ""]
    if recipe.code.note:
        lines.append(f"note: {recipe.code.note}")
    if recipe.naive is not None:
        lines.append(f"naive: {recipe.naive.says}")
        if recipe.naive.explanation:
            lines.append(f"  explained: {recipe.naive.explanation}")
    source, target = recipe.source, recipe.target
    lines.append(
        f"verified: {told.ran_text(source)} and {told.ran_text(target)} on the {target.target.device}: "
        f"y {recipe.output_shape}"
    )
    lines.append(
        f"  equal on integers ({recipe.elements:,} elements); on normal data the largest errors are "
        f"{source.error:.2g} ({source.target.framework}) and {target.error:.2g} ({target.target.framework}) "
        f"of what {recipe.call.dtype} allows"
    )
    if len(recipe.inputs) > 1:
        shapes = ", ".join(map(str, recipe.inputs[1:]))
        lines.append(
            f"  equal, too, for x {shapes}{', and all gradients' if recipe.gradients else '; no gradients here'}"
        )
    lines += [f"  elsewhere: {remark}" for remark in recipe.remarks]
    if converted is not None:
        lines.append(_weights_line(converted))
    return "\n".join(lines)


def _weights_line(converted: Converted) -> str:
    if not converted.right:
        wrong = converted.source if converted.source.status not in RIGHT else converted.target
        which = "the call itself" if wrong is converted.source else "its translation"
        return f"weights: not written: with these weights {which} is wrong: {wrong.message}"
    errors = [j.figures.fraction if j.figures else 0.0 for j in (converted.source, converted.target)]
    return (
        f"weights: written to {converted.path}; with them the largest errors are {errors[0]:.2g} and {errors[1]:.2g} "
        "of what the dtype allows"
    )


# --- for tools --------------------------------------------------------------------------------------------------------


def _document(
    call: Call, found: Sequence[tuple[Recipe | NoRecipe, Converted | None]], names: Sequence[str]
) -> dict[str, Any]:
    """The fields that docs/recipe.md documents."""
    weights = [which for which, _ in call.weight_names]
    return {
        "call": call.text,
        "framework": call.framework,
        "function": call.function,
        "kind": call.kind,
        "op": call.question.name,
        "means": call.question.label(),
        "dtype": call.dtype,
        "layouts": dict(call.layouts),
        "input_shape": list(own_shape(call, "x")),
        "weights": {call.weight_name(which): list(own_shape(call, which)) for which in weights},
        "notes": list(call.notes),
        "targets": [
            _no_entry(recipe) if isinstance(recipe, NoRecipe) else _entry(name, recipe, converted)
            for name, (recipe, converted) in zip(names, found, strict=True)
        ],
    }


def _no_entry(recipe: NoRecipe) -> dict[str, Any]:
    return {"target": recipe.target, "verified": False, "kind": recipe.kind, "reason": recipe.reason}


def _entry(name: str, recipe: Recipe, converted: Converted | None) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "target": name,
        "verified": True,
        "code": recipe.code.script,
        "weights": list(recipe.code.weights),
        "statements": recipe.code.ran.text,
        "inputs": dict(recipe.code.ran.inputs),
        "layouts": dict(recipe.code.ran.layouts),
        "output_shape": list(recipe.output_shape),
        "only": recipe.code.only,
        "note": recipe.code.note,
        "naive": None,
        "verification": {
            "source": told.ran_entry(recipe.source),
            "target": told.ran_entry(recipe.target),
            "elements": recipe.elements,
            "equal_on_integers": True,
            "inputs": [list(shape) for shape in recipe.inputs],
            "gradients": recipe.gradients,
        },
        "elsewhere": list(recipe.remarks),
    }
    if (naive := recipe.naive) is not None:
        entry["naive"] = {
            "right": naive.right,
            "code": naive.code,
            "says": naive.says,
            "explanation": naive.explanation,
        }
    if converted is not None:
        entry["weights_file"] = {
            "path": None if converted.path is None else str(converted.path),
            "right": converted.right,
            "messages": [converted.source.message, converted.target.message],
        }
    return entry
