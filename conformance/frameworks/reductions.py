"""Words for reductions and for what runs along an axis, as frameworks share them. Knows no framework."""

from __future__ import annotations

from conformance.frameworks import Cell
from conformance.frameworks.words import Verbatim, Word, Words

OWN_DTYPE = {"not wide": "in their own dtype"}


def orders(infinity: str) -> dict[str, Word]:
    """The word `p`: the order of a norm as a plan writes it."""
    said = {"inf": infinity, "-inf": f"-{infinity}", "nuc": "'nuc'"}
    return {"p": lambda order: Verbatim(said.get(order, order))}


def running(plain: str, typed: str, flip: str, version: str, wide: str = "") -> tuple[Words, ...]:
    """Of calls that know neither `exclusive` nor `reverse`; `flip` is that of x or y along {axis}.

    `typed`: for integers in their own dtype. `wide`: for integers in a wider one, where `plain` does not do that.
    """
    if wide:
        asked = running(plain, wide, flip, version), running(plain, typed, flip, version)
        real = {"of != 'real'": "of integers"}
        plains = [Words(way.text, unless={**(way.unless or {}), **real}) for way in asked[0][::2]]
        wides = [Words(way.text, unless={**(way.unless or {}), **OWN_DTYPE}) for way in asked[0][1::2]]
        return plains[0], wides[0], asked[1][1], plains[1], wides[1], asked[1][3]
    name = plain.partition("(")[0]
    never = {"exclusive": f"{name} takes no `exclusive` (\"unexpected keyword argument 'exclusive'\", {version})"}
    turned = f"x = {flip.format('x')}\ny = %s\ny = {flip.format('y')}"
    return (
        Words(f"y = {plain}", unless={**never, "reverse": "from the last on", **OWN_DTYPE}),
        Words(f"y = {typed}", unless={**never, "reverse": "from the last on"}),
        Words(turned % plain, unless={**never, **OWN_DTYPE}),
        Words(turned % typed, unless=never),
    )


def first_place(call: str) -> Words:
    """Of a call that names the first of equal elements."""
    name = call.partition("(")[0]
    return Words(f"indices = {call}", unless={"ties == 'last'": f"{name} names the first of equal elements"})


def numpy_like(module: str, version: str, running_in: str = "") -> dict[str, Cell]:
    """What NumPy has, and who is like it; `version` is the one in which it was seen.

    `running_in`: the wide dtype of running sums of integers, where they are not in one without a word.
    """

    def reduced(name: str, *given: str) -> Words:
        return Words(f"y = {module}.{name}({', '.join(('x, {axes}, keepdims={keepdims}', *given))})")

    def counted(name: str) -> tuple[Words, ...]:
        plain = reduced(name)
        return Words(plain.text, unless=OWN_DTYPE), reduced(name, f"dtype={module}.{{of|text}}")

    def ran(name: str) -> tuple[Words, ...]:
        typed = f"{module}.{name}(x, {{axis}}, dtype={module}.{{of|text}})"
        wide = typed.replace("{of|text}", running_in) if running_in else ""
        return running(f"{module}.{name}(x, {{axis}})", typed, f"{module}.flip({{}}, {{{{axis}}}})", version, wide)

    def norm(call: str, axes: str, unless: dict[str, str] | None = None) -> Words:
        text = f"y = {module}.linalg.{call}(x, ord={{order|p}}, axis={axes}, keepdims={{keepdims}})"
        return Words(text, unless=unless, own=orders(f"{module}.inf"))

    return {
        "sum": counted("sum"),
        "mean": (
            Words(reduced("mean").text, unless={"of != 'real'": "of integers"}),
            reduced("mean", f"dtype={module}.{{on_dtype|text}}"),
        ),
        "prod": counted("prod"),
        "max": reduced("max"),
        "min": reduced("min"),
        "var": reduced("var", "ddof={ddof}"),
        "std": reduced("std", "ddof={ddof}"),
        "norm": (
            norm("norm", "{over}", {"not matrix": "of vectors"}),
            norm("norm", "{single}", {"single == null": "of several axes"}),
            norm("vector_norm", "{axes}"),
        ),
        "cumsum": ran("cumsum"),
        "cumprod": ran("cumprod"),
        "argmax": first_place(f"{module}.argmax(x, {{axis}}, keepdims={{keepdims}})"),
        "argmin": first_place(f"{module}.argmin(x, {{axis}}, keepdims={{keepdims}})"),
        "median": (
            Words(reduced("median").text, unless={"even != 'mean'": "one of the two in the middle"}),
            Words(f"y = {module}.quantile(x, 0.5, {{axes}}, method={{even}}, keepdims={{keepdims}})"),
        ),
        "quantile": Words(
            f"y = {module}.quantile(x, {{q}}, {{axes}}, method={{interpolation}}, keepdims={{keepdims}})"
        ),
        "any": reduced("any"),
        "all": reduced("all"),
    }
