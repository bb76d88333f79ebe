"""In which arithmetic an answer was computed, as far as its error bound needs to know."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.dtypes import DTYPES


@dataclass(frozen=True)
class Precision:
    """`u`, `eta`: unit roundoff and least subnormal of the accumulating dtype; `out_u`, `out_eta`: the case's dtype.

    `share`: how many times the bound counts; 2 where the reference itself was computed in that arithmetic.
    """

    u: float
    out_u: float
    eta: float
    out_eta: float
    share: int = 1

    @classmethod
    def of(cls, dtype: str) -> Precision:
        """The arithmetic behind answers of this dtype: float16 and bfloat16 are summed in float32."""
        out = DTYPES[dtype]
        inner = DTYPES[out.accumulator]
        share = 2 if dtype == "float64" else 1
        return cls(inner.unit_roundoff, out.unit_roundoff, inner.least_subnormal, out.least_subnormal, share)
