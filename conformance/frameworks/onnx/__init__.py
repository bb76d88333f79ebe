"""How ONNX is asked and run."""

from conformance.frameworks.base import THREADS, Below, Framework

FRAMEWORK = Framework(
    "onnx",
    "ONNX",
    __name__,
    "onnx",
    "onnx",
    roots=("onnx", "onnxruntime"),
    place=5,
    backends=("onnxruntime", "reference", "shapes"),
    # Of ONNX Runtime the version counts, not that of the package that makes the model.
    below={
        "onnxruntime": Below("onnxruntime", "onnxruntime", versioned=True),
        "reference": Below("onnx", "onnx"),
        "shapes": Below("onnx", "onnx"),
    },
    devices=("cpu",),
    options=dict(THREADS),  # MLAS, below ONNX Runtime, has no switch for instruction sets
    no_gradient="ONNX has no gradients",
    shapes_alone=("shapes",),
)
