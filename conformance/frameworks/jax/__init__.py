"""How JAX is asked and run."""

from conformance.frameworks.base import COMMON, Framework

FRAMEWORK = Framework(
    "jax",
    "JAX",
    __name__,
    "jax",
    "jax",
    place=2,
    modes=("eager", "jit"),
    options={
        **COMMON,
        "api": ("conv_transpose", "transpose_kernel", "conv_general_dilated"),
        "x64": ("0", "1"),
        "precision": ("default", "high", "highest"),
    },
    defaults=("jax",),
    extras={"cpu": "[cpu]", "gpu": "[cuda12]"},
)
