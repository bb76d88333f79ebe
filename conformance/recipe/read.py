"""From a line of somebody's code to a Call."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from conformance.recipe.call import Call, CallError
from conformance.recipe.meant import known_names
from conformance.recipe.read_jax import read_jax
from conformance.recipe.read_keras import read_keras
from conformance.recipe.read_tensorflow import read_tensorflow
from conformance.recipe.read_torch import read_torch
from conformance.recipe.reading import Reading, bind
from conformance.recipe.signatures import Signature, candidates, signatures
from conformance.recipe.syntax import Expression, Parsed, failure, parse
from conformance.text.nearest import near

READERS: Mapping[str, Callable[[Reading], Call]] = {
    "torch": read_torch,
    "keras": read_keras,
    "tensorflow": read_tensorflow,
    "jax": read_jax,
}


def read_call(text: str, input_shape: tuple[int, ...] | None, weight_shape: tuple[int, ...] | None = None) -> Call:
    """What a call means. Shapes are in the call's own layouts; CallError says what is missing or wrong."""
    parsed = parse(text)
    signature = _signature(parsed)
    if parsed.applied is not None and signature.kind == "function":
        message = f"{signature.name} is a function, and its result is called; expected the call alone"
        raise failure(parsed.text, 1, message)
    given, order = bind(parsed, signature)
    return READERS[signature.framework](Reading(parsed, signature, given, order, input_shape, weight_shape))


def _signature(parsed: Parsed) -> Signature:
    found = candidates(parsed.dotted)
    if not found:
        raise failure(parsed.text, parsed.column, _unknown(parsed))
    fitting = []
    errors = []
    for signature in found:
        try:
            bind(parsed, signature)
            fitting.append(signature)
        except CallError as error:
            errors.append(error)
    if len(found) == 1 and errors:
        raise errors[0]
    if len(fitting) != 1:
        names = " or ".join(s.name for s in found)
        message = f"{parsed.dotted} may be {names}; write out which one"
        raise failure(parsed.text, parsed.column, message)
    return fitting[0]


def _unknown(parsed: Parsed) -> str:
    word = parsed.dotted.rpartition(".")[2]
    if word.startswith("LazyConv"):
        eager = word.removeprefix("Lazy")
        return f"{word} takes its input channels from its first input; write torch.nn.{eager}(in_channels, ...) instead"
    same = [s.name for s in candidates(word)]
    if same:
        return f"{parsed.dotted} is not known; {word} is known as {', '.join(same)}"
    inner = [a.value.text for a in parsed.arguments if isinstance(a.value, Expression) and "onv" in a.value.text]
    hint = "; give the convolution inside it alone" if inner else ""
    known = list(signatures())
    shorts = {s.short: s.name for s in signatures().values()}
    others = {name.rpartition(".")[2]: name for name in known_names()}
    if close := near(word, {**others, **shorts}, cutoff=0.75):
        hint = f"; did you mean {shorts.get(close) or others[close]}{hint}"
    return (
        f"{parsed.dotted} is no call that is known here{hint}; known are: {', '.join(_families(known))}; "
        f"and, by the words of the ops: {', '.join(_families(known_names()))}"
    )


def _families(names: list[str]) -> list[str]:
    """torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d as torch.nn.Conv1d/2d/3d."""
    folded = []
    for name in names:
        module, _, word = name.rpartition(".")
        if "1" in word:
            letter = word[word.index("1") + 1]
            folded.append(f"{module}.{word.replace(f'1{letter}', f'1{letter}/2{letter}/3{letter}', 1)}")
        elif not any(digit in word for digit in "23"):
            folded.append(name)
    return folded
