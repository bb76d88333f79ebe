"""SciPy, as Conformance asks and runs it: `scipy.signal` computes convolutions."""

from conformance.frameworks.base import COMMON, Framework

FRAMEWORK = Framework(
    "scipy",
    "SciPy",
    __name__,
    "scipy",
    "scipy",
    roots=("scipy", "numpy"),
    devices=("cpu",),
    options=dict(COMMON),
    no_gradient="SciPy has no gradients",
)
