"""Short-time transforms: of the frames of a signal, and back.

A complex number is two tensors here, as in `signal.py`, whose transforms and windows these are of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any, ClassVar

import numpy as np

from conformance.exact.moves import pad, pad_like
from conformance.exact.num import Num, broadcast, scattered, total
from conformance.ops.base import Op, ParamError, TensorSpec, boolean_field, integer_field, param, word_field
from conformance.ops.signal import KINDS, from_half, length_field, spectrum, window


@dataclass(frozen=True)
class _Frames(Op):
    """What a transform of short frames and its inverse share."""

    unsaid: ClassVar[tuple[str, ...]] = ("rows",)
    back: ClassVar[bool] = False  # from bins to the signal
    rows: int = param(integer_field(2, 0, "signals A"))
    frame: int = param(integer_field(8, 1, "the length of the window"))
    step: int = param(integer_field(4, 1, "from one frame to the next"))
    n: int | None = param(length_field("the length of the transform, at least the window's; null for the same"))
    window: str = param(word_field("hann", tuple(KINDS), "what each frame is multiplied by"))
    periodic: bool = param(boolean_field(True, "the window as one period of a longer one; false: symmetric"))
    center: bool = param(boolean_field(True, "the first frame is around the first element, not from it on"))
    scale: str = param(
        word_field("none", ("none", "sqrt", "sum"), "the bins as they are, over sqrt(n), or over the window's sum")
    )

    def __post_init__(self) -> None:
        if self.length < self.frame:
            raise ParamError("n", f"found {self.n}, expected at least the window's {self.frame}")

    @property
    def length(self) -> int:
        """Of the transform."""
        return self.frame if self.n is None else self.n

    @property
    def edge(self) -> int:
        """How far the first frame reaches before the first element."""
        return self.length // 2 if self.center else 0

    def weights(self) -> Num:
        """The window in the middle of a frame of the transform's length."""
        before = (self.length - self.frame) // 2
        return pad(window(self.window, self.frame, self.periodic), [(before, self.length - self.frame - before)])

    @property
    def factor(self) -> float:
        """What bins in the scale sqrt are multiplied by, or on the way back."""
        return sqrt(self.length) if self.back else 1 / sqrt(self.length)

    def scaled(self, a: Num) -> Num:
        """Bins in the scale that is asked for, or out of it."""
        if self.scale == "none":
            return a
        if self.scale == "sqrt":
            return a * self.factor
        whole = total(window(self.window, self.frame, self.periodic))
        return a * whole if self.back else a / whole

    def bins(self, frames: int) -> tuple[TensorSpec, ...]:
        """The two parts, frequencies before frames."""
        shape = (self.rows, self.length // 2 + 1, frames)
        return TensorSpec("real", "AFT", shape), TensorSpec("imag", "AFT", shape)

    def meaning(self) -> Mapping[str, Any]:
        return {
            "length": self.length,
            "edge": self.edge,
            "overlap": self.frame - self.step,
            "places": self.frame + int(self.periodic),  # of a symmetric window, whose first ones are its own
            "factor": self.factor if self.scale == "sqrt" else 1.0,
        }


@dataclass(frozen=True)
class Stft(_Frames):
    """The first n // 2 + 1 bins of the discrete Fourier transforms of frames of a signal, each multiplied by a window.

    A window shorter than the transform stands in its middle. Where the first frame is centred, the signal is longer by
    n // 2 on each side: reflected, or zeros. (Allen, 1977.)
    """

    name = "stft"
    unsaid = ("rows", "size")
    size: int = param(integer_field(24, 1, "the length of each signal"))
    pad: str = param(word_field("reflect", ("reflect", "constant"), "what is beyond the ends of a centred signal"))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size + 2 * self.edge < self.length:
            raise ParamError("size", f"found {self.size}, expected at least a frame of {self.length}")

    def refusal(self) -> str | None:
        if self.center and self.pad == "reflect" and self.edge >= self.size:
            return f"{self.edge} elements can't be reflected from a signal of {self.size}"
        return None

    def inputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("x", "AL", (self.rows, self.size)),)

    @property
    def frames(self) -> int:
        """How many fit."""
        return 1 + (self.size + 2 * self.edge - self.length) // self.step

    def outputs(self) -> tuple[TensorSpec, ...]:
        return self.bins(self.frames)

    def compute(self, x: Num) -> tuple[Num, ...]:  # type: ignore[override]
        ends = [(0, 0), (self.edge, self.edge)]
        x = pad_like(x, ends, "reflect") if self.pad == "reflect" else pad(x, ends)
        at = self.step * np.arange(self.frames)[:, None] + np.arange(self.length)
        real, imag = spectrum(x[:, at] * self.weights(), None, self.length // 2 + 1, 1.0, -1)
        return tuple(self.scaled(part.swapaxes(1, 2)) for part in (real, imag))

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        longer: dict[str, Any] = {**given, "n": 1 << (self.frame - 1).bit_length()}  # the next power of two
        hann: dict[str, Any] = {"window": "hann", "periodic": True}
        yield "the window at the start of a frame, zeros behind it", _AtStart(**given)
        yield "the transform at the next power of two, as tf.signal has it", _AtStart(**longer)
        yield (
            "a Hann window, and frames from the first element on, as tf.signal has it",
            _AtStart(**{**longer, **hann, "center": False}),
        )
        yield (
            "a Hann window, zeros beyond the ends, and bins over the window's sum, as SciPy has it",
            Stft(**{**given, **hann, "center": True, "pad": "constant", "scale": "sum"}),
        )


@dataclass(frozen=True)
class _AtStart(Stft):
    """With the window at the start of the frame."""

    def weights(self) -> Num:
        return pad(window(self.window, self.frame, self.periodic), [(0, self.length - self.frame)])


@dataclass(frozen=True)
class Istft(_Frames):
    """The signal whose short-time transform is nearest to these bins (Griffin and Lim, 1984).

    Each frame is transformed back and multiplied by the window, frames are added where they overlap, and every element
    is divided by the sum of the squares of the windows that reach it.
    """

    name = "istft"
    back = True
    unsaid = ("rows", "frames")
    frames: int = param(integer_field(5, 1, "how many frames"))

    @property
    def reach(self) -> int:
        """From the first element of the first frame to the last of the last."""
        return self.length + self.step * (self.frames - 1)

    @property
    def size(self) -> int:
        """Of the signal."""
        return self.reach - 2 * self.edge

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size < 1:
            raise ParamError("frames", f"found {self.frames}, expected enough for a signal of at least one element")

    def refusal(self) -> str | None:
        if self._kept(self._overlapped()).value.min() < 1e-11:
            return "no window reaches some of the elements"
        return None

    def inputs(self) -> tuple[TensorSpec, ...]:
        return self.bins(self.frames)

    def outputs(self) -> tuple[TensorSpec, ...]:
        return (TensorSpec("y", "AL", (self.rows, self.size)),)

    def _kept(self, a: Num) -> Num:
        return a[..., self.edge : self.reach - self.edge]

    def _places(self) -> np.ndarray[Any, Any]:
        return np.asarray(self.step * np.arange(self.frames)[:, None] + np.arange(self.length))

    def _overlapped(self) -> Num:
        w = self.weights()
        return scattered(broadcast(w * w, (self.frames, self.length)), self._places(), (self.reach,))

    def compute(self, real: Num, imag: Num) -> Num:  # type: ignore[override]
        parts = (self.scaled(part.swapaxes(1, 2)) for part in (real, imag))
        frames = from_half(next(parts), next(parts), self.length, 1 / self.length) * self.weights()
        at = self.reach * np.arange(self.rows)[:, None, None] + self._places()
        return self._kept(scattered(frames, at, (self.rows, self.reach))) / self._kept(self._overlapped())

    def neighbours(self) -> Iterator[tuple[str, Op]]:
        given = self.held()
        yield "the windows' squares not divided by", _Undivided(**given)
        yield "no window in the inverse", _Unwindowed(**given)


@dataclass(frozen=True)
class _Undivided(Istft):
    """The sum alone."""

    def _overlapped(self) -> Num:
        return Num(np.ones(self.reach))


@dataclass(frozen=True)
class _Unwindowed(_Undivided):
    """With no window, and nothing to divide by."""

    def weights(self) -> Num:
        return Num(np.ones(self.length))
