"""How a stand-alone script asks TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.frameworks.surface import Names, Surface, absent, wanted_tensors
from conformance.target import Target

# What it and its libraries read from the environment; the rest of what workers set is not theirs.
READS = ("CUDA_VISIBLE_DEVICES", "TF_ENABLE_ONEDNN_OPTS", "TF_CPP_MIN_LOG_LEVEL")
COMPILER_READS = ("NPROC", "XLA_FLAGS")


class TensorFlowSurface(Surface):
    """As runtime.py."""

    def __init__(self, target: Target, plan: str, dtype: str, names: Names) -> None:
        super().__init__(target, plan, dtype, names)
        self.splits = self.mode != "eager"

    @property
    def modules(self) -> list[str]:
        return ["tensorflow as tf"]

    @property
    def versions(self) -> list[str]:
        return ['"tensorflow", tf.__version__']

    @property
    def reads(self) -> tuple[str, ...]:
        return READS + (COMPILER_READS if self.mode == "xla" else ())

    def setup(self) -> list[str]:
        lines = [
            f"tf.config.threading.set_intra_op_parallelism_threads({self.threads})",
            "tf.config.threading.set_inter_op_parallelism_threads(1)",
        ]
        if self.gpu:
            lines += absent('not tf.config.list_physical_devices("GPU")', "TensorFlow sees no GPU")
        if (tf32 := self._option("tf32")) is not None:
            lines.append(f"tf.config.experimental.enable_tensor_float_32_execution({tf32})")
        if self._option("deterministic"):
            lines += ["tf.keras.utils.set_random_seed(0)", "tf.config.experimental.enable_op_determinism()"]
        return lines

    def tensor(self, name: str) -> str:
        return f"tf.constant({name}{'.astype(tf.bfloat16.as_numpy_dtype)' if self.dtype == 'bfloat16' else ''})"

    def wrap(self) -> list[str]:
        if self.mode == "eager":
            return []
        return [f"call = tf.function(call, autograph=False{', jit_compile=True' if self.mode == 'xla' else ''})"]

    def forward(self) -> list[str]:
        return self._placed(super().forward())

    def backward(self, wanted: Sequence[int] | None) -> list[str]:
        inputs = wanted_tensors(wanted)
        return self._placed(
            [
                "with tf.GradientTape() as tape:",
                f"    tape.watch({inputs})",
                f"    {self.names.answers} = call(*tensors)",
                "gradients = tape.gradient(",
                f"    {self.names.roots}, {inputs}, output_gradients={self.names.pulls(self.tensor)},",
                "    unconnected_gradients=tf.UnconnectedGradients.ZERO)",
            ]
        )

    def _placed(self, lines: list[str]) -> list[str]:
        return ['with tf.device("/GPU:0"):', *(f"    {line}" for line in lines)] if self.gpu else lines

    def values(self, name: str) -> str:
        text = f"np.asarray({name})"
        return text + (".astype(np.float32)" if self.dtype == "bfloat16" else "")


SURFACE = TensorFlowSurface
