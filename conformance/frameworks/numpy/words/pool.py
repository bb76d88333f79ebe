"""How NumPy is asked: pooling."""

from __future__ import annotations

from conformance.frameworks import Cell

TABLE: dict[str, Cell] = {
    **dict.fromkeys(
        ("max_pool", "avg_pool", "lp_pool", "adaptive_avg_pool", "adaptive_max_pool"), "NumPy has no pooling"
    ),
}
