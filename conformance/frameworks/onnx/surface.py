"""How a stand-alone script asks ONNX."""

from __future__ import annotations

from conformance.frameworks.surface import Surface

# What it and its libraries read from the environment; the rest of what workers set is not theirs.
READS = ("OMP_NUM_THREADS",)


class OnnxSurface(Surface):
    """As runtime.py, but that ONNX Runtime's session keeps its own number of threads."""

    @property
    def modules(self) -> list[str]:
        if self.target.backend == "reference":
            return ["onnx", "onnx.parser", "onnx.reference"]
        return ["onnx", "onnx.parser", "onnxruntime"]

    @property
    def imports(self) -> list[str]:
        return [*self.modules, *(["ml_dtypes"] if self.dtype == "bfloat16" else [])]

    @property
    def reads(self) -> tuple[str, ...]:
        return READS

    def setup(self) -> list[str]:
        return ['np.seterr(all="ignore")  # infinities and NaN are values here'] * (self.target.backend == "reference")

    def tensor(self, name: str) -> str:
        return f"{name}.astype(ml_dtypes.bfloat16)" if self.dtype == "bfloat16" else f"{name}.copy()"

    def values(self, name: str) -> str:
        return f"np.asarray({name})" + (".astype(np.float32)" if self.dtype == "bfloat16" else "")


SURFACE = OnnxSurface
