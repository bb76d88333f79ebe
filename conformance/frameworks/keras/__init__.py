"""How Keras is asked and run."""

from conformance.frameworks.base import COMMON, Framework

FRAMEWORK = Framework(
    "keras",
    "Keras",
    __name__,
    "keras",
    "keras",
    place=4,
    backends=("tensorflow", "torch", "jax", "numpy"),
    modes=("eager", "jit"),
    options={**COMMON, "api": ("layer", "ops"), "onednn": ("0", "1")},
    variables={"onednn": "TF_ENABLE_ONEDNN_OPTS"},
    backend_variable="KERAS_BACKEND",
    # On JAX it is compiled, as its fit and predict always are: call by call it takes eight compilations a shape,
    # 265 ms instead of 80.
    defaults=("keras/tensorflow", "keras/torch", "keras/jax:jit"),
    programs=("torch:jit",),
    without_gradient={"numpy": "Keras on NumPy has no gradients"},
)
