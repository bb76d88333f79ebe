"""How a stand-alone script asks PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.frameworks.surface import Names, Surface, absent, wanted_tensors
from conformance.target import Target

# What it and its libraries read from the environment; the rest of what workers set is not theirs.
READS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUBLAS_WORKSPACE_CONFIG")
COMPILER_READS = ("TORCHINDUCTOR_COMPILE_THREADS",)


class TorchSurface(Surface):
    """As runtime.py."""

    def __init__(self, target: Target, plan: str, dtype: str, names: Names) -> None:
        super().__init__(target, plan, dtype, names)
        self.device = "meta" if self.mode == "meta" else "cuda" if self.gpu else ""
        self.splits = self.mode in ("compile", "export")

    @property
    def modules(self) -> list[str]:
        return ["torch"]

    @property
    def reads(self) -> tuple[str, ...]:
        return READS + (COMPILER_READS if self.mode == "compile" else ())

    def setup(self) -> list[str]:
        lines = [f"torch.set_num_threads({self.threads})", "torch.set_num_interop_threads(1)"]
        if self.gpu and self.mode != "meta":
            lines += [*absent("not torch.cuda.is_available()", "PyTorch sees no GPU")]
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
        inputs = wanted_tensors(wanted)
        return [
            f"for tensor in {inputs}:",
            "    tensor.requires_grad_()",
            f"{self.names.answers} = {self._called}",
            f"gradients = torch.autograd.grad({self.names.roots}, {inputs}, {self.names.pulls(self.tensor)}, "
            "materialize_grads=True)",
        ]

    def values(self, name: str) -> str:
        tail = f".detach(){'.cpu()' if self.gpu else ''}"
        if self.dtype == "bfloat16":
            return f"{name}{tail}.float().numpy()"
        if "bfloat16" in self.plan:  # a cast: what answers may be of a dtype that NumPy has not
            return f"({name}.float() if {name}.dtype == torch.bfloat16 else {name}){tail}.numpy()"
        return f"{name}{tail}.numpy()"

    def kind(self, name: str) -> str:
        return f'str({name}.dtype).removeprefix("torch.")'


SURFACE = TorchSurface
