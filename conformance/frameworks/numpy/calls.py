"""The signatures of NumPy's functions, as they are in 2.4.6."""

from __future__ import annotations

from conformance.frameworks.calls import Known, known

_KEPT = "keepdims=False"
_MEANT = f"{_KEPT}, *, where=None"
_SPREAD = f"a, axis=None, dtype=None, ddof=0, {_MEANT}, mean=None, correction=None"

CALLS: dict[str, Known] = {
    **{f"numpy.{name}": known(f"a, axis=None, {_MEANT}") for name in ("all", "any")},
    **{f"numpy.{name}": known(f"a, axis=None, {_KEPT}, initial=None, where=None") for name in ("max", "min")},
    **{
        f"numpy.{name}": known(f"a, axis=None, dtype=None, {_KEPT}, initial=None, where=None")
        for name in ("sum", "prod")
    },
    "numpy.mean": known(f"a, axis=None, dtype=None, {_MEANT}"),
    **{f"numpy.{name}": known(_SPREAD) for name in ("var", "std")},
    "numpy.median": known(f"a, axis=None, overwrite_input=False, {_KEPT}"),
    "numpy.quantile": known(f"a, q, axis=None, overwrite_input=False, method='linear', {_KEPT}, *, weights=None"),
    "numpy.linalg.norm": known(f"x, ord=2, axis=None, {_KEPT}"),
    **{f"numpy.{name}": known(f"a, axis=None, *, {_KEPT}") for name in ("argmax", "argmin")},
    **{f"numpy.{name}": known("a, axis=None, dtype=None") for name in ("cumsum", "cumprod")},
    "numpy.sort": known("a, axis=-1, kind=None, order=None, *, stable=None"),
    "numpy.argsort": known("a, axis=-1, kind=None, order=None, *, stable=None"),
    "numpy.searchsorted": known("a, v, side='left', sorter=None"),
    "numpy.digitize": known("x, bins, right=False"),
    "numpy.take": known("a, indices, axis=None, mode='raise'"),
    "numpy.take_along_axis": known("arr, indices, axis=-1"),
    "numpy.tile": known("A, reps"),
    "numpy.repeat": known("a, repeats, axis=None"),
    "numpy.roll": known("a, shift, axis=None"),
    "numpy.linspace": known("start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None"),
    "numpy.dot": known("a, b"),
}
