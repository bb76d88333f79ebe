"""How TensorFlow is asked and run."""

from conformance.frameworks.base import COMMON, Framework

FRAMEWORK = Framework(
    "tensorflow",
    "TensorFlow",
    __name__,
    "tensorflow",
    "tensorflow",
    roots=("tf",),
    place=3,
    modes=("eager", "function", "xla"),
    options={**COMMON, "onednn": ("0", "1"), "tf32": ("0", "1"), "deterministic": ("0", "1")},
    settings={"TF_NUM_INTRAOP_THREADS": "{threads}", "TF_NUM_INTEROP_THREADS": "1"},
    variables={"onednn": "TF_ENABLE_ONEDNN_OPTS"},
    defaults=("tensorflow",),
    beside=("keras",),
    extras={"gpu": "[and-cuda]"},
    light="tensorflow-cpu",
)
