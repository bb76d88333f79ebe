"""ONNX: a model as text, run by ONNX Runtime or ONNX's own reference evaluator, or its shapes inferred."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from conformance.worker.runtime import (
    Answered,
    Config,
    Function,
    NDArray,
    Outputs,
    Refused,
    Runtime,
    Unavailable,
    import_framework,
    of_array,
)


class Onnx(Runtime):
    """The three functions that a plan may call, and those of the other backend as refusals."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        if config.device != "cpu":
            raise Unavailable("plans of ONNX run on the CPU only")
        self.onnx = onnx = import_framework("onnx")
        self.ort: Any = None
        parser = import_framework("onnx.parser")
        evaluator: Any = self._refused("reference")
        session: Any = self._refused("onnxruntime")
        infer: Any = self._refused("shapes")
        if config.backend == "onnxruntime":
            self.ort = import_framework("onnxruntime")
            session = self._session
            # What runs the model, not the package that makes it.
            self.versioned = "backend_version"
        elif config.backend == "reference":
            evaluator = import_framework("onnx.reference").ReferenceEvaluator
        elif config.backend == "shapes":
            infer = import_framework("onnx.shape_inference").infer_shapes
        else:
            raise Unavailable("no runtime for the ONNX backend %r" % config.backend)
        self.version = str(onnx.__version__)
        self.roots = {
            "onnx": SimpleNamespace(
                parser=SimpleNamespace(parse_model=parser.parse_model),
                reference=SimpleNamespace(ReferenceEvaluator=evaluator),
                shape_inference=SimpleNamespace(infer_shapes=infer),
            ),
            "onnxruntime": SimpleNamespace(InferenceSession=session),
        }

    def _refused(self, backend: str) -> Function:
        def refuse(*_: Any, **__: Any) -> Any:
            raise Refused("the plan asks onnx/%s; this target is onnx/%s" % (backend, self.config.backend))

        return refuse

    def _session(self, model: bytes, **options: Any) -> Any:
        """InferenceSession with the threads that the target asks for, and without a log of warnings."""
        if not isinstance(model, bytes):
            raise Refused("a session is made from a model's bytes")
        given = self.ort.SessionOptions()
        given.intra_op_num_threads = self.config.threads
        given.inter_op_num_threads = 1
        given.log_severity_level = 4
        # A kernel's threads would otherwise spin for the next call of a session that is run once.
        given.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return self.ort.InferenceSession(model, given, **{"providers": ["CPUExecutionProvider"], **options})

    def info(self) -> Dict[str, Any]:
        """ONNX's version, and ONNX Runtime's as its backend's."""
        flags = {"threads": self.config.threads, "opset": int(self.onnx.defs.onnx_opset_version())}
        found = {"version": self.version, "devices": ["cpu"], "flags": flags}
        if self.ort is not None:
            found["backend_version"] = str(self.ort.__version__)
        return found

    def from_numpy(self, array: NDArray, dtype: str) -> Any:
        """A copy; bfloat16 as ml_dtypes has it, which onnx depends on."""
        if dtype != "bfloat16":
            return array.copy()
        try:
            return array.copy().view(importlib.import_module("ml_dtypes").bfloat16)
        except ImportError:
            raise Refused("without ml_dtypes NumPy has no bfloat16") from None

    def to_numpy(self, value: Any) -> Answered:
        """The array itself; of what was inferred dtype and shape."""
        if not isinstance(value, self.onnx.ValueInfoProto):
            return of_array(value)
        tensor = value.type.tensor_type
        # Where nothing is known of an axis it has no value, and where a window does not fit it may be negative.
        if not tensor.HasField("shape") or any(
            not axis.HasField("dim_value") or axis.dim_value < 0 for axis in tensor.shape.dim
        ):
            raise ValueError("no shape is inferred for %s" % value.name)
        dtype = self.onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        return dtype.name, tuple(axis.dim_value for axis in tensor.shape.dim), None

    def run(self, function: Function, tensors: List[Any]) -> Outputs:
        """The outputs, without NumPy's warnings about infinities and NaN: those are values here."""
        with np.errstate(all="ignore"):
            outputs: Outputs = function(*tensors)
            return outputs

    def run_with_gradient(
        self, function: Function, tensors: List[Any], wanted: Sequence[int], cotangents: Outputs
    ) -> Tuple[Outputs, List[Any]]:
        """Always refused."""
        raise Refused("ONNX has no gradients")


RUNTIME = Onnx
