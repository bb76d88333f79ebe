"""How a stand-alone script asks ONNX."""

from __future__ import annotations

from conformance.frameworks.surface import Surface

# What it and its libraries read from the environment; the rest of what workers set is not theirs.
READS = ("OMP_NUM_THREADS",)
_OWN = {"reference": "onnx.reference", "shapes": "onnx.shape_inference"}
# An output as inference describes it, as an array of that shape and dtype.
_INFERRED = (
    "",
    "",
    "def inferred(output):",
    "    tensor = output.type.tensor_type",
    '    known = [axis.HasField("dim_value") and axis.dim_value >= 0 for axis in tensor.shape.dim]',
    '    if not tensor.HasField("shape") or not all(known):',
    '        raise ValueError(f"no shape is inferred for {output.name}")',
    "    shape = [axis.dim_value for axis in tensor.shape.dim]",
    "    return types.SimpleNamespace(shape=shape, dtype=onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type))",
    "",
)


class OnnxSurface(Surface):
    """As runtime.py, but that ONNX Runtime's session keeps its own number of threads."""

    @property
    def modules(self) -> list[str]:
        if self.target.backend in ("reference", "shapes"):
            return ["onnx", "onnx.parser", _OWN[self.target.backend]]
        return ["onnx", "onnx.parser", "onnxruntime"]

    @property
    def imports(self) -> list[str]:
        own = ["types"] if self.target.backend == "shapes" else ["ml_dtypes"] if self.dtype == "bfloat16" else []
        return [*self.modules, *own]

    @property
    def reads(self) -> tuple[str, ...]:
        return READS

    def setup(self) -> list[str]:
        if self.target.backend == "shapes":
            return list(_INFERRED)
        return ['np.seterr(all="ignore")  # infinities and NaN are values here'] * (self.target.backend == "reference")

    def forward(self) -> list[str]:
        lines = super().forward()
        if self.target.backend == "shapes":
            lines += [f"{name} = inferred({name})" for name in self.names.outputs]
        return lines

    def tensor(self, name: str) -> str:
        if self.target.backend == "shapes":
            return name  # a model says its shapes itself
        return f"{name}.astype(ml_dtypes.bfloat16)" if self.dtype == "bfloat16" else f"{name}.copy()"

    def values(self, name: str) -> str:
        return f"np.asarray({name})" + (".astype(np.float32)" if self.dtype == "bfloat16" else "")


SURFACE = OnnxSurface
