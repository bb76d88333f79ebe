"""How a script asks a framework: as text, what `conformance/worker/` does, line for line.

One class a framework, each the counterpart of a class in `worker/runtimes/`. A test runs every declared divergence
through both.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from conformance.plan import USUAL
from conformance.target import Target
from conformance.worker.environment import Config, prepare_environment
from conformance.worker.processor import SWITCHES

# What a framework or its libraries read from the environment; the rest of what workers set is not theirs.
_READS = {
    "numpy": ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    "torch": ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUBLAS_WORKSPACE_CONFIG"),
    "jax": ("CUDA_VISIBLE_DEVICES", "JAX_PLATFORMS", "NPROC", "XLA_FLAGS"),
    "tensorflow": ("CUDA_VISIBLE_DEVICES", "TF_ENABLE_ONEDNN_OPTS", "TF_CPP_MIN_LOG_LEVEL"),
    "onnx": ("OMP_NUM_THREADS",),
}
_COMPILER_READS = {
    "torch": ("TORCHINDUCTOR_COMPILE_THREADS",),
    "tensorflow": ("NPROC", "XLA_FLAGS"),
}
_KERAS_MODES = {"tensorflow": "xla", "torch": "compile", "jax": "jit"}


@dataclass(frozen=True)
class Names:
    """What a script calls the outputs, in the order in which `call` returns them, and those that gradients are of."""

    outputs: tuple[str, ...] = (USUAL,)
    pulled: tuple[str, ...] = (USUAL,)

    @property
    def answers(self) -> str:
        """Every output, as `call` returns them."""
        return ", ".join(self.outputs)

    @property
    def roots(self) -> str:
        """The outputs that gradients are of."""
        return self._each(list(self.pulled))

    def pulls(self, tensor: Callable[[str], str]) -> str:
        """Their cotangents as tensors."""
        return self._each([tensor(f"d{name}") for name in self.pulled])

    def _each(self, texts: Sequence[str]) -> str:
        return texts[0] if len(self.outputs) == 1 else f"[{', '.join(texts)}]"


class Surface:
    """The text of one framework's part of a script. Lines are not indented; `tensors` is what `call` is given."""

    def __init__(self, target: Target, plan: str, dtype: str, names: Names) -> None:
        self.target = target
        self.plan = plan
        self.dtype = dtype
        self.names = names
        self.mode = target.mode
        self.gpu = target.device == "gpu"
        # Modes that compile make what uses no input (a layer) outside of the function, as a user does.
        self.splits = False

    @property
    def modules(self) -> list[str]:
        """What is imported, besides NumPy."""
        raise NotImplementedError

    @property
    def versions(self) -> list[str]:
        """Expressions whose text says which version this is."""
        return [f'"{name}", {name}.__version__' for name in self.modules if "." not in name]

    @property
    def reads(self) -> tuple[str, ...]:
        """The environment's variables that decide how this computes."""
        raise NotImplementedError

    def environment(self) -> dict[str, str | None]:
        """What must stand in the environment before the import; None where it must not stand there."""
        made: dict[str, str] = {"TF_ENABLE_ONEDNN_OPTS": ""}
        t = self.target
        config = {"framework": t.framework, "backend": t.backend, "mode": t.mode, "device": t.device}
        options = dict(t.capped().options)
        prepare_environment(Config({**config, "options": options}), made)
        reads = (*self.reads, *(SWITCHES if "isa" in options else ()))
        found: dict[str, str | None] = {name: made[name] for name in reads if name in made}
        if "TF_ENABLE_ONEDNN_OPTS" in self.reads:
            found.setdefault("TF_ENABLE_ONEDNN_OPTS", None)
        return found

    def setup(self) -> list[str]:
        """What is set once after the import."""
        return []

    def tensor(self, name: str) -> str:
        """An expression for a NumPy array as a tensor of its own memory."""
        return f"{name}.copy()"

    def wrap(self) -> list[str]:
        """What makes of `call` what the mode runs."""
        return []

    def forward(self) -> list[str]:
        """Lines that set the outputs."""
        return [f"{self.names.answers} = call(*tensors)"]

    def backward(self, wanted: Sequence[int] | None) -> list[str]:
        """Lines that set the outputs and `gradients`, one for each wanted input (None: all), of sum(y * dy)."""
        raise NotImplementedError

    def values(self, name: str) -> str:
        """An expression for a tensor's values as a NumPy array; bfloat16 as float32."""
        return f"np.asarray({name})"

    def kind(self, name: str) -> str:
        """An expression for the name of a tensor's dtype."""
        return f"{name}.dtype.name"

    def _option(self, name: str) -> bool | None:
        value = self.target.option(name, "")
        return value == "1" if value else None

    @property
    def threads(self) -> str:
        """How many threads it computes with."""
        return self.target.option("threads", "1")


class NumPySurface(Surface):
    """As `worker/runtimes/numpy.py`."""

    @property
    def modules(self) -> list[str]:
        return ["numpy"]

    @property
    def reads(self) -> tuple[str, ...]:
        return _READS["numpy"]

    def setup(self) -> list[str]:
        return ['np.seterr(all="ignore")  # infinities and NaN are values here']


class TorchSurface(Surface):
    """As `worker/runtimes/torch.py`."""

    def __init__(self, target: Target, plan: str, dtype: str, names: Names) -> None:
        super().__init__(target, plan, dtype, names)
        self.device = "meta" if self.mode == "meta" else "cuda" if self.gpu else ""
        self.splits = self.mode in ("compile", "export")

    @property
    def modules(self) -> list[str]:
        return ["torch"]

    @property
    def reads(self) -> tuple[str, ...]:
        return _READS["torch"] + (_COMPILER_READS["torch"] if self.mode == "compile" else ())

    def setup(self) -> list[str]:
        lines = [f"torch.set_num_threads({self.threads})", "torch.set_num_interop_threads(1)"]
        if self.gpu and self.mode != "meta":
            lines += [*_absent("not torch.cuda.is_available()", "PyTorch sees no GPU")]
        if self.device:
            lines.append(f'torch.set_default_device("{self.device}")')
        if (tf32 := self._option("tf32")) is not None:
            lines += [f"torch.backends.cuda.matmul.allow_tf32 = {tf32}", f"torch.backends.cudnn.allow_tf32 = {tf32}"]
        if self._option("deterministic"):
            lines.append("torch.use_deterministic_algorithms(True)")
        return lines

    def tensor(self, name: str) -> str:
        if self.device == "meta":
            return f'torch.empty({name}.shape, dtype=torch.{self.dtype}, device="meta")'
        text = f"torch.from_numpy({name})"
        if self.dtype == "bfloat16":
            return text + f".to({f'{self.device!r}, ' if self.device else ''}torch.bfloat16)"
        return text + (f'.to("{self.device}")' if self.device else ".clone()")

    def wrap(self) -> list[str]:
        if self.mode == "compile":
            return ["call = torch.compile(call, dynamic=False, fullgraph=True)"]
        if self.mode == "export":
            return [
                "",
                "",
                "class Exported(torch.nn.Module):",
                "    def forward(self, *tensors):",
                "        return call(*tensors)",
            ]
        return []

    @property
    def _called(self) -> str:
        if self.mode == "export":
            return "torch.export.export(Exported(), tuple(tensors)).module()(*tensors)"
        return "call(*tensors)"

    def forward(self) -> list[str]:
        return ["with torch.no_grad():", f"    {self.names.answers} = {self._called}"]

    def backward(self, wanted: Sequence[int] | None) -> list[str]:
        inputs = _wanted(wanted)
        return [
            f"for tensor in {inputs}:",
            "    tensor.requires_grad_()",
            f"{self.names.answers} = {self._called}",
            f"gradients = torch.autograd.grad({self.names.roots}, {inputs}, {self.names.pulls(self.tensor)}, "
            "materialize_grads=True)",
        ]

    def values(self, name: str) -> str:
        wide = ".float()" if self.dtype == "bfloat16" else ""
        return f"{name}.detach(){'.cpu()' if self.gpu else ''}{wide}.numpy()"

    def kind(self, name: str) -> str:
        return f'str({name}.dtype).removeprefix("torch.")'


class JaxSurface(Surface):
    """As `worker/runtimes/jax.py`."""

    def __init__(self, target: Target, plan: str, dtype: str, names: Names) -> None:
        super().__init__(target, plan, dtype, names)
        self.splits = self.mode == "jit"

    @property
    def modules(self) -> list[str]:
        """jax, and of its namespaces those that the plan names: `import jax` does not bring all of them along."""
        found = dict.fromkeys(["jax", "jax.numpy"])
        for name in dotted(self.plan):
            for known in ("jax.image", "jax.nn", "jax.numpy.fft", "jax.numpy.linalg", "jax.scipy.signal"):
                if name.startswith(known + "."):
                    found[known] = None
            if name.startswith("jax.scipy.special."):
                found["jax.scipy.special"] = None
        return list(found)

    @property
    def reads(self) -> tuple[str, ...]:
        return _READS["jax"]

    def setup(self) -> list[str]:
        lines = []
        x64 = self._option("x64")
        if x64 is None:
            x64 = True if self.dtype == "float64" else None
        if x64 is not None:
            lines.append(f'jax.config.update("jax_enable_x64", {x64})')
        if precision := self.target.option("precision", ""):
            lines.append(f'jax.config.update("jax_default_matmul_precision", "{precision}")')
        if self.gpu:
            lines += ["try:", '    jax.config.update("jax_default_device", jax.devices("gpu")[0])']
            lines += ["except RuntimeError as error:", *(f"    {line}" for line in _stop("JAX has no GPU:", "error"))]
        return lines

    def tensor(self, name: str) -> str:
        return (
            f"jax.device_put({name}.astype(jax.numpy.bfloat16))"
            if self.dtype == "bfloat16"
            else (f"jax.device_put({name})")
        )

    def wrap(self) -> list[str]:
        return ["call = jax.jit(call)"] if self.mode == "jit" else []

    def backward(self, wanted: Sequence[int] | None) -> list[str]:
        chosen = "lambda *chosen: call(*chosen)"
        primals = "*tensors"
        if wanted is not None:
            names = [f"chosen[{wanted.index(i)}]" if i in wanted else f"tensors[{i}]" for i in range(max(wanted) + 1)]
            chosen = f"lambda *chosen: call({', '.join(names)}, *tensors[{max(wanted) + 1}:])"
            primals = ", ".join(f"tensors[{i}]" for i in wanted)
        if len(self.names.outputs) > 1:
            return self._several(chosen if wanted is not None else "call", primals)
        pull = [
            f"y, transposed = jax.vjp({chosen if wanted is not None else 'call'}, {primals})",
            f"gradients = transposed({self.tensor('dy')})",
        ]
        if self.mode != "jit":
            return pull
        # The gradient is compiled as well.
        return [
            "@jax.jit",
            "def pull(tensors, dy):",
            f"    {pull[0]}",
            "    return y, transposed(dy)",
            "",
            f"y, gradients = pull(tensors, {self.tensor('dy')})",
        ]

    def _several(self, call: str, primals: str) -> list[str]:
        """As `backward`, where only some of several outputs have a gradient."""
        answers, roots = self.names.answers, f"({', '.join(self.names.pulled)},)"
        lines = [
            "def pull(tensors, pulls):",
            "    def parted(*chosen):",
            f"        {answers} = ({call})(*chosen)",
            f"        return {roots}, ({answers})",
            "",
            f"    _, transposed, answers = jax.vjp(parted, {primals}, has_aux=True)",
            "    return answers, transposed(pulls)",
            "",
            f"({answers}), gradients = pull(tensors, {self.names.pulls(self.tensor).replace('[', '(')[:-1]},))",
        ]
        return ["@jax.jit", *lines] if self.mode == "jit" else lines

    def values(self, name: str) -> str:
        return f"np.asarray({name})" + (".astype(np.float32)" if self.dtype == "bfloat16" else "")


class TensorFlowSurface(Surface):
    """As `worker/runtimes/tensorflow.py`."""

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
        return _READS["tensorflow"] + (_COMPILER_READS["tensorflow"] if self.mode == "xla" else ())

    def setup(self) -> list[str]:
        lines = [
            f"tf.config.threading.set_intra_op_parallelism_threads({self.threads})",
            "tf.config.threading.set_inter_op_parallelism_threads(1)",
        ]
        if self.gpu:
            lines += _absent('not tf.config.list_physical_devices("GPU")', "TensorFlow sees no GPU")
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
        inputs = _wanted(wanted)
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


class OnnxSurface(Surface):
    """As `worker/runtimes/onnx.py`, but that ONNX Runtime's session keeps its own number of threads."""

    @property
    def modules(self) -> list[str]:
        if self.target.backend == "reference":
            return ["onnx", "onnx.parser", "onnx.reference"]
        return ["onnx", "onnx.parser", "onnxruntime"]

    @property
    def reads(self) -> tuple[str, ...]:
        return _READS["onnx"]

    def setup(self) -> list[str]:
        return ['np.seterr(all="ignore")  # infinities and NaN are values here'] * (self.target.backend == "reference")

    def tensor(self, name: str) -> str:
        return f"{name}.astype(ml_dtypes.bfloat16)" if self.dtype == "bfloat16" else f"{name}.copy()"

    def values(self, name: str) -> str:
        return f"np.asarray({name})" + (".astype(np.float32)" if self.dtype == "bfloat16" else "")


class KerasSurface(Surface):
    """As `worker/runtimes/keras.py`: the backend's own surface, with Keras imported after it."""

    def __init__(self, target: Target, plan: str, dtype: str, names: Names) -> None:
        super().__init__(target, plan, dtype, names)
        mode = _KERAS_MODES[target.backend] if target.mode == "jit" else "eager"
        options = tuple((name, value) for name, value in target.options if name != "api")
        self.under = SURFACES[target.backend](
            Target(target.backend, mode=mode, device=target.device, options=options), plan, dtype, names
        )
        self.splits = self.under.splits

    @property
    def modules(self) -> list[str]:
        return [*self.under.modules, "keras"]

    @property
    def versions(self) -> list[str]:
        return ['"keras", keras.__version__', *self.under.versions]

    @property
    def reads(self) -> tuple[str, ...]:
        return ("KERAS_BACKEND", *self.under.reads)

    def setup(self) -> list[str]:
        return self.under.setup()

    def tensor(self, name: str) -> str:
        return self.under.tensor(name)

    def wrap(self) -> list[str]:
        return self.under.wrap()

    def forward(self) -> list[str]:
        return self.under.forward()

    def backward(self, wanted: Sequence[int] | None) -> list[str]:
        return self.under.backward(wanted)

    def values(self, name: str) -> str:
        return self.under.values(name)

    def kind(self, name: str) -> str:
        return self.under.kind(name)


SURFACES: dict[str, type[Surface]] = {
    "numpy": NumPySurface,
    "torch": TorchSurface,
    "jax": JaxSurface,
    "tensorflow": TensorFlowSurface,
    "keras": KerasSurface,
    "onnx": OnnxSurface,
}


def surface(target: Target, plan: str, dtype: str, names: Names = Names()) -> Surface:
    """The surface of a target for one plan."""
    return SURFACES[target.framework](target, plan, dtype, names)


def dotted(text: str) -> list[str]:
    """Every dotted name in a plan, such as `jax.lax.conv`."""
    return [ast.unparse(node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Attribute)]


def _wanted(wanted: Sequence[int] | None) -> str:
    return "tensors" if wanted is None else "[" + ", ".join(f"tensors[{i}]" for i in wanted) + "]"


def _stop(words: str, *more: str) -> list[str]:
    return [f"print({', '.join([repr(words), *more])})", "sys.exit(2)"]


def _absent(condition: str, words: str) -> list[str]:
    return [f"if {condition}:", *(f"    {line}" for line in _stop(words))]
