"""How a stand-alone script asks JAX."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.frameworks.surface import Names, Surface, dotted, stop
from conformance.target import Target

# What it and its libraries read from the environment; the rest of what workers set is not theirs.
READS = ("CUDA_VISIBLE_DEVICES", "JAX_PLATFORMS", "NPROC", "XLA_FLAGS")
# The dtypes for which runtime.py enables 64-bit types.
WIDE = ("float64", "complex128", "int64", "uint64")
_SUBMODULES = (
    "jax.experimental.rnn",
    "jax.image",
    "jax.nn",
    "jax.numpy.fft",
    "jax.numpy.linalg",
    "jax.scipy.signal",
)


class JaxSurface(Surface):
    """As runtime.py."""

    def __init__(self, target: Target, plan: str, dtype: str, names: Names) -> None:
        super().__init__(target, plan, dtype, names)
        self.splits = self.mode == "jit"

    @property
    def modules(self) -> list[str]:
        """jax, and of its namespaces those that the plan names: `import jax` does not bring all of them along."""
        found = dict.fromkeys(["jax", "jax.numpy"])
        for name in dotted(self.plan):
            for known in _SUBMODULES:
                if name.startswith(known + "."):
                    found[known] = None
            if name.startswith("jax.scipy.special."):
                found["jax.scipy.special"] = None
        return list(found)

    @property
    def reads(self) -> tuple[str, ...]:
        return READS

    def setup(self) -> list[str]:
        lines = []
        x64 = self._option("x64")
        if x64 is None:
            x64 = True if any(dtype in WIDE for dtype in (self.dtype, *self.names.dtypes)) else None
        if x64 is not None:
            lines.append(f'jax.config.update("jax_enable_x64", {x64})')
        if precision := self.target.option("precision", ""):
            lines.append(f'jax.config.update("jax_default_matmul_precision", "{precision}")')
        if self.gpu:
            lines += ["try:", '    jax.config.update("jax_default_device", jax.devices("gpu")[0])']
            lines += ["except RuntimeError as error:", *(f"    {line}" for line in stop("JAX has no GPU:", "error"))]
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


SURFACE = JaxSurface
