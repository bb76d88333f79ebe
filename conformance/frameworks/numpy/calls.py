"""The signatures of NumPy's functions, as they are in 2.4.6."""

from __future__ import annotations

from conformance.frameworks.calls import UNIQUE, Known, known, methods

_KEPT = "keepdims=False"
_MEANT = f"{_KEPT}, *, where=None"
_SPREAD = f"a, axis=None, dtype=None, ddof=0, {_MEANT}, mean=None, correction=None"

TENSOR = "numpy.ndarray"
_METHODS = "sum mean prod max min all any argmax argmin var std cumsum cumprod take repeat round dot".split()

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
    **{f"numpy.{name}": known("x") for name in ("negative", "abs")},
    **{
        f"numpy.{name}": known("x1, x2")
        for name in "add subtract multiply divide floor_divide remainder fmod left_shift right_shift".split()
    },
    **{
        f"numpy.{name}": known("x1, x2", says=f"numpy.{of}({{x1}}, {{x2}})")
        for name, of in (("mod", "remainder"), ("true_divide", "divide"))
    },
    "numpy.absolute": known("x", says="numpy.abs({x})"),
    "numpy.round": known("a, decimals=0"),
    "numpy.around": known("a, decimals=0", says="numpy.round({a}, {decimals})"),
    **{
        f"numpy.{name}": known(
            f"a, axis=None, {_KEPT}, initial=None, where=None",
            says=f"numpy.{name[1:]}({{a}}, {{axis}}, keepdims={{keepdims}})",
        )
        for name in ("amax", "amin")
    },
    "numpy.percentile": known(
        f"a, q, axis=None, overwrite_input=False, method='linear', {_KEPT}, *, weights=None",
        says="numpy.quantile({a}, {q} / 100, {axis}, method={method}, keepdims={keepdims})",
    ),
    "numpy.linalg.solve": known("a, b"),
    **{f"numpy.linalg.{name}": known("a") for name in ("inv", "det")},
    "numpy.linalg.cholesky": known("a, *, upper=False"),
    "numpy.linalg.qr": known("a, mode='reduced'"),
    "numpy.linalg.svd": known("a, full_matrices=True, compute_uv=True, hermitian=False"),
    "numpy.linalg.eigh": known("a, UPLO='L'"),
    "numpy.linalg.lstsq": known("a, b, rcond=None"),
    "numpy.linalg.pinv": known("a, rcond=None, hermitian=False, *, rtol=None"),
    **{f"numpy.fft.{name}": known("a, n=None, axis=-1, norm='backward'") for name in ("fft", "ifft", "rfft", "irfft")},
    "numpy.unique": known(
        "ar, return_index=False, return_inverse=False, return_counts=False, axis=None, *, equal_nan=True, sorted=True",
        instead=UNIQUE,
    ),
    "numpy.ndarray.astype": known(
        "self, dtype, order='K', casting='unsafe', subok=True, copy=True", like="numpy.ndarray.astype"
    ),
}
CALLS |= methods(CALLS, TENSOR, map("numpy.{}".format, _METHODS))
