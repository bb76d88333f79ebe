"""Words for transforms and windows, as frameworks share them. Knows no framework."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Verbatim, Word, Words

# What takes a complex number apart, where it has its parts as attributes.
PARTS = "\nreal = z.real\nimag = z.imag"
# The word `numpy`: a window as NumPy calls it.
WINDOW: dict[str, Word] = {"numpy": lambda window: Verbatim("hanning" if window == "hann" else window)}


def numpy_like(module: str, joined: str, narrow: dict[str, str]) -> dict[str, Cell]:
    """The Fourier transforms of NumPy, and of who is like it.

    `joined`: the complex number of x and x_imag, in code. `narrow`: for which dtypes it has none, and why.
    """
    given = "{n}, {axis}, {norm})"

    def of_both(name: str) -> tuple[Words, ...]:
        real = Words(f"z = {module}.{name}(x, {given}{PARTS}", unless={**narrow, "complex": "x has two parts"})
        return real, Words(f"z = {module}.{name}({joined}, {given}{PARTS}", unless=narrow)

    return {
        "fft": of_both("fft"),
        "ifft": of_both("ifft"),
        "rfft": Words(f"z = {module}.rfft(x, {given}{PARTS}", unless=narrow),
        "irfft": Words(f"y = {module}.irfft({joined}, {given}", unless=narrow, refuses=True),
    }
