"""TensorFlow: eager, tf.function, and tf.function compiled by XLA."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from conformance.worker.runtime import (
    Answered,
    Config,
    Function,
    GradientFailed,
    NDArray,
    Outputs,
    Refused,
    Runtime,
    Unavailable,
    fitting,
    import_framework,
)


class TensorFlow(Runtime):
    """TensorFlow in one of its modes."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.tf = tf = import_framework("tensorflow")
        self.roots = {"tf": tf}
        self.compiles = self.specialised = config.mode != "eager"
        tf.config.threading.set_intra_op_parallelism_threads(config.threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        if config.device == "gpu" and not tf.config.list_physical_devices("GPU"):
            raise Unavailable("TensorFlow %s sees no GPU" % tf.__version__)
        self.device = {"cpu": "/CPU:0", "gpu": "/GPU:0"}[config.device]
        tf32 = config.flag("tf32")
        if tf32 is not None:
            tf.config.experimental.enable_tensor_float_32_execution(tf32)
        if config.flag("deterministic"):
            tf.keras.utils.set_random_seed(0)
            tf.config.experimental.enable_op_determinism()
        self.bfloat16 = tf.bfloat16.as_numpy_dtype
        # This also starts the eager context and its thread pool: before the first case, not in it.
        self.onednn = self._onednn()

    def info(self) -> Dict[str, Any]:
        """Version, devices, threads, and what decides about precision."""
        tf = self.tf
        flags = {
            "threads": tf.config.threading.get_intra_op_parallelism_threads(),
            "onednn": self.onednn,
            "tf32": bool(tf.config.experimental.tensor_float_32_execution_enabled()),
            "deterministic": bool(self.config.flag("deterministic")),
        }
        return {
            "version": tf.__version__,
            "devices": [d.name for d in tf.config.list_physical_devices()],
            "flags": flags,
        }

    def _onednn(self) -> bool:
        """Whether oneDNN's kernels are in use.

        TensorFlow decides by the processor's features unless it is told, and does not say what it decided. But its own
        CPU kernels refuse a dilation that oneDNN's compute.
        """
        tf = self.tf
        try:
            with tf.device("/CPU:0"):
                x, w = tf.ones((1, 4, 4, 1)), tf.ones((3, 3, 1, 1))
                tf.nn.conv2d_transpose(x, w, (1, 8, 8, 1), 1, "VALID", dilations=2)
        except Exception:  # any refusal will do
            return False
        return True

    def from_numpy(self, array: NDArray, dtype: str) -> Any:
        """A tensor on the device."""
        with self.tf.device(self.device):
            return self.tf.constant(array.view(self.bfloat16) if dtype == "bfloat16" else array)

    def to_numpy(self, value: Any) -> Answered:
        """A tensor's words."""
        if not self.tf.is_tensor(value) or not hasattr(value, "numpy"):
            raise Refused("the plan's output is a %s, expected a tensor" % type(value).__name__)
        array = np.asarray(value.numpy())
        return value.dtype.name, array.shape, array

    def prepare(self, function: Function) -> Function:
        """The function itself, or what tf.function makes of it."""
        if not self.compiles:
            return function
        made: Function = self.tf.function(function, autograph=False, jit_compile=self.config.mode == "xla" or None)
        return made

    def run(self, function: Function, tensors: List[Any]) -> Outputs:
        """The outputs."""
        with self.tf.device(self.device):
            outputs: Outputs = function(*tensors)
            return outputs

    def run_with_gradient(
        self, function: Function, tensors: List[Any], wanted: Sequence[int], cotangents: Outputs
    ) -> Tuple[Outputs, List[Any]]:
        """tf.GradientTape; an input that no output depends on has a gradient of zeros."""
        tf = self.tf
        asked = [tensors[index] for index in wanted]
        with tf.device(self.device):
            with tf.GradientTape() as tape:
                tape.watch(asked)
                outputs = function(*tensors)
            if not all(map(tf.is_tensor, outputs.values())) or not fitting(outputs, cotangents):
                return outputs, []
            try:
                roots = [outputs[name] for name in cotangents]
                pulled = [tf.cast(cotangents[name], outputs[name].dtype) for name in cotangents]
                zero = tf.UnconnectedGradients.ZERO
                found = tape.gradient(roots, asked, output_gradients=pulled, unconnected_gradients=zero)
                return outputs, [tf.convert_to_tensor(gradient) for gradient in found]
            except Exception as error:
                raise GradientFailed from error


RUNTIME = TensorFlow
