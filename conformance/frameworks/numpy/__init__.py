"""How NumPy is asked and run."""

from conformance.frameworks.base import COMMON, Framework

FRAMEWORK = Framework(
    "numpy",
    "NumPy",
    __name__,
    "numpy",
    "numpy",
    place=0,
    devices=("cpu",),
    options=dict(COMMON),
    defaults=("numpy",),
    no_gradient="NumPy has no gradients",
)
