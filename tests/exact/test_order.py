"""Order statistics: what the elements of a tie get in sum is certain, whoever of them gets it."""

from __future__ import annotations

import numpy as np

from conformance.exact import Num, Precision, allowance, beyond, topk, vjp


def test_the_elements_of_a_tie_get_the_cotangents_in_sum() -> None:
    x = Num(np.array([[2.0, 5.0, 5.0, 5.0, 1.0]]))
    values, _ = topk(x, 2)
    (g,) = vjp([values], [Num(np.array([[3.0, 4.0]]))], [x])
    p = Precision.of("float32")
    for right in ([0, 3, 4, 0, 0], [0, 0, 4, 3, 0], [0, 7 / 3, 7 / 3, 7 / 3, 0]):
        got = np.array([right], np.float32).astype(np.float64)
        assert (beyond(g, p, got) <= allowance(g, p)).all(), right
    for wrong in ([0, 0, 0, 0, 0], [0, 4, 4, 0, 0], [0, 3, 0, 0, 0], [0, 3, 4, 0, 1]):
        assert (beyond(g, p, np.array([wrong], float)) > allowance(g, p)).any(), wrong
