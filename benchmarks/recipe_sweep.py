"""Every recipe of a grid, each verified by running: `python benchmarks/recipe_sweep.py [--sample N] [--seconds S]`.

Transposed convolutions with kernel 1 to 5, stride 1 to 4, `same` and `valid`, output_padding none, 0 and 1, dilation 1
and 2, in one to three dimensions: 720 calls in the own words of each of keras, torch, tensorflow and jax, translated
into each of the three others, and run at three other lengths too, forward and gradients. Prints how many were verified,
how many have no equivalent and why, and what failed. Exit code 1 where anything failed.

PyTorch has no `same`, so there the padding is the (k - 1) // 2 that people write for it; TensorFlow and JAX have no
output_padding, so there the output's length, or the padding, is the one that Keras's rule gives.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from conformance.recipe.call import Call, CallError
from conformance.recipe.read import read_call
from conformance.recipe.verify import Recipe, Recipes

FRAMEWORKS = ("keras", "tensorflow", "torch", "jax")
SIZES = {1: (5,), 2: (3, 4), 3: (2, 3, 2)}
SPATIAL = {1: "W", 2: "HW", 3: "DHW"}
BATCH, IN, OUT = 1, 2, 3


@dataclass(frozen=True)
class Point:
    """One point of the grid."""

    dims: int
    kernel: int
    stride: int
    padding: str
    output_padding: int | None
    dilation: int

    def __str__(self) -> str:
        return f"{self.dims}-D k{self.kernel} s{self.stride} {self.padding} op {self.output_padding} d{self.dilation}"

    @property
    def extent(self) -> int:
        return self.dilation * (self.kernel - 1) + 1

    def length(self, n: int) -> tuple[int, int]:
        """The output's length, and what is cropped at its start, by Keras's rule."""
        full = (n - 1) * self.stride + self.extent
        if self.padding == "valid":
            extra = max(self.stride - self.extent, 0) if self.output_padding is None else self.output_padding
            return full + extra, 0
        length = n * self.stride
        if self.output_padding is not None:
            length = (n - 1) * self.stride + self.extent % 2 + self.output_padding
        return length, max(full - length, 0) // 2


def grid() -> list[Point]:
    """The whole grid, 720 points."""
    return [
        Point(dims, kernel, stride, padding, output_padding, dilation)
        for dims in (1, 2, 3)
        for kernel in range(1, 6)
        for stride in range(1, 5)
        for padding in ("same", "valid")
        for output_padding in (None, 0, 1)
        for dilation in (1, 2)
    ]


def source(framework: str, p: Point) -> tuple[str, tuple[int, ...], tuple[int, ...] | None]:
    """The call in a framework's own words, its input's shape, and its weights' where the call does not say it."""
    sizes = SIZES[p.dims]
    last, first = (BATCH, *sizes, IN), (BATCH, IN, *sizes)
    extra = "" if p.output_padding is None else f", output_padding={p.output_padding}"
    if framework == "keras":
        words = f'strides={p.stride}, padding="{p.padding}"{extra}, dilation_rate={p.dilation}'
        if p.stride > 1 and p.dilation > 1:
            # Keras's layers refuse both together; its function takes them.
            return f"keras.ops.conv_transpose(x, w, {words})", last, (*(p.kernel,) * p.dims, OUT, IN)
        return f"keras.layers.Conv{p.dims}DTranspose({OUT}, {p.kernel}, {words})", last, None
    if framework == "torch":
        padding = (p.extent - 1) // 2 if p.padding == "same" else 0
        words = f"stride={p.stride}, padding={padding}{extra}, dilation={p.dilation}"
        return f"torch.nn.ConvTranspose{p.dims}d({IN}, {OUT}, {p.kernel}, {words})", first, None
    found = [p.length(n) for n in sizes]
    kernel = (p.kernel,) * p.dims
    if framework == "tensorflow":
        # Every length follows from one of x by the stride, and by what is the same at each.
        offsets = (length - p.stride * n for n, (length, _) in zip(sizes, found, strict=True))
        lengths = [f"{p.stride} * x.shape[{i}] + {offset}" for i, offset in enumerate(offsets, 1)]
        shape = f"(x.shape[0], {', '.join(lengths)}, {OUT})"
        words = f'strides={p.stride}, padding="{p.padding.upper()}", dilations={p.dilation}'
        return f"tf.nn.conv{p.dims}d_transpose(x, w, {shape}, {words})", last, (*kernel, OUT, IN)
    padding_words: object = p.padding.upper()
    if p.output_padding is not None:
        before = [p.extent - 1 - lo for _, lo in found]
        spread = [(n - 1) * p.stride + 1 for n in sizes]
        padding_words = tuple(
            (low, length + p.extent - 1 - s - low) for low, (length, _), s in zip(before, found, spread, strict=True)
        )
    letters = SPATIAL[p.dims]
    numbers = (f"N{letters}C", f"{letters}IO", f"N{letters}C")
    words = f"{(p.stride,) * p.dims}, {padding_words!r}, {(p.dilation,) * p.dims}, {numbers!r}"
    return f"jax.lax.conv_transpose(x, w, {words})", last, (*kernel, IN, OUT)


@dataclass(frozen=True)
class Outcome:
    """What came of one translation: `verified`, `none` (with the reason) or `failed`."""

    point: Point
    source: str
    target: str
    status: str
    reason: str = ""


def sweep(recipes: Recipes, points: Sequence[Point], *, naive: bool = False, chunk: int = 2) -> Iterator[Outcome]:
    """Translate every point between every ordered pair of frameworks; some points at a time, so that all work."""
    for start in range(0, len(points), chunk):
        asked: list[tuple[Point, str, str, Call]] = []
        for point, framework in product(points[start : start + chunk], FRAMEWORKS):
            others = [target for target in FRAMEWORKS if target != framework]
            try:
                call = read_call(*source(framework, point))
            except CallError as error:
                for target in others:
                    yield Outcome(point, framework, target, "none", f"the call itself: {error}")
                continue
            asked += [(point, framework, target, call) for target in others]
        found = recipes.many([(call, target) for *_, target, call in asked], compare_naive=naive)
        for (point, framework, target, _), recipe in zip(asked, found, strict=True):
            if isinstance(recipe, Recipe):
                # The call at its own length, and at three others.
                held = len(recipe.inputs) > 3 and recipe.gradients and not recipe.code.only
                reason = "" if held else f"not at every length, or without gradients: {recipe.code.script}"
                yield Outcome(point, framework, target, "verified" if held else "failed", reason)
            elif recipe.kind in ("source", "target"):
                who = "the call itself: " if recipe.kind == "source" else f"{target}: "
                yield Outcome(point, framework, target, "none", who + recipe.reason)
            else:
                yield Outcome(point, framework, target, "failed", recipe.reason)


def summary(reason: str) -> str:
    """A reason without the numbers and shapes of its one case."""
    first = re.sub(r"column \d+: ", "", reason.splitlines()[0])
    return re.sub(r"(?<![\w.])(#,)*#", "#", re.sub(r"[\[(][-\d, ]*[\])]|(?<![\w.])\d+", "#", first))[:300]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, metavar="N", help="N points drawn with a fixed seed, not all 720")
    parser.add_argument("--seconds", type=float, help="begin no further translations after so long")
    parser.add_argument("--naive", action="store_true", help="run the naive translations, too")
    options = parser.parse_args()
    points = grid()
    if options.sample:
        points = random.Random(0).sample(points, options.sample)
    began = time.perf_counter()
    counts: Counter[tuple[str, str, str]] = Counter()
    reasons: Counter[str] = Counter()
    failed = []
    with Recipes() as recipes:
        recipes.start(FRAMEWORKS)
        done = 0
        for done, outcome in enumerate(sweep(recipes, points, naive=options.naive), 1):
            counts[outcome.source, outcome.target, outcome.status] += 1
            if outcome.status == "none":
                reasons[f"from {outcome.source}: {summary(outcome.reason)}"] += 1
            elif outcome.status == "failed":
                failed.append(outcome)
            if done % 1000 == 0:
                print(f"{done:,} of {len(points) * 12:,} after {time.perf_counter() - began:.0f} s", file=sys.stderr)
            if options.seconds and done % 12 == 0 and time.perf_counter() - began > options.seconds:
                break
        runs = recipes.bench.runs
    print(
        f"{len(points):,} calls a framework, {done:,} of {len(points) * 12:,} translations, {runs:,} runs, "
        f"{time.perf_counter() - began:.0f} s\n"
    )
    print(f"{'from':<12}{'to':<12}{'verified':>10}{'none':>8}{'failed':>8}")
    for a, b in product(FRAMEWORKS, FRAMEWORKS):
        if a != b:
            print(
                f"{a:<12}{b:<12}"
                + "".join(f"{counts[a, b, s]:>{w}}" for s, w in (("verified", 10), ("none", 8), ("failed", 8)))
            )
    total = Counter[str]()
    for (_, _, status), n in counts.items():
        total[status] += n
    print(f"{'all':<24}{total['verified']:>10}{total['none']:>8}{total['failed']:>8}\n")
    for reason, n in reasons.most_common():
        print(f"{n:>6}  {reason}")
    for outcome in failed:
        print(f"FAILED {outcome.point}: {outcome.source} to {outcome.target}: {outcome.reason}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
