"""PyTorch: eager, torch.compile (inductor), torch.export, and the meta device."""

from __future__ import annotations

import builtins
import ctypes
import os
import shutil
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


class Torch(Runtime):
    """PyTorch in one of its modes.

    torch.compile is asked for one graph, so that no part of a plan quietly runs eagerly.
    """

    keep = 64

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.torch = torch = import_framework("torch")
        self.roots = {"torch": torch}
        self.mode = config.mode
        self.compiles = self.specialised = self.mode in ("compile", "export")
        if self.mode == "compile":
            # The compiler looks functions such as `id` up in the builtins of what it compiles, for its own guards.
            self.builtins = vars(builtins)
        self.dtypes = {str(v).rpartition(".")[2]: v for v in vars(torch).values() if isinstance(v, torch.dtype)}
        torch.set_num_threads(config.threads)
        torch.set_num_interop_threads(1)
        if config.device == "gpu" and not torch.cuda.is_available():
            raise Unavailable("PyTorch %s sees no GPU" % torch.__version__)
        self.device = "meta" if self.mode == "meta" else {"cpu": "cpu", "gpu": "cuda"}[config.device]
        if self.device != "cpu":
            torch.set_default_device(self.device)
        tf32 = config.flag("tf32")
        if tf32 is not None:
            torch.backends.cuda.matmul.allow_tf32 = tf32
            torch.backends.cudnn.allow_tf32 = tf32
        if config.flag("deterministic"):
            torch.use_deterministic_algorithms(True)
        self.libraries = {"aten": str(torch.backends.cpu.get_cpu_capability()), **_onednn(torch)}
        if self.mode == "compile":
            self._warm_up()

    def _warm_up(self) -> None:
        """The first compilation takes seconds, and shows whether there is a compiler: not in the first case."""
        try:
            x = self.torch.ones(2)
            self.torch.compile(lambda a: a + 1, dynamic=False)(x)
        except Exception as error:
            if shutil.which("g++") is None and shutil.which("clang++") is None:
                raise Unavailable("torch.compile needs a C++ compiler, and there is none on PATH") from None
            first = (str(error).strip().splitlines() or [""])[0]
            raise Unavailable("torch.compile does not work here: %s: %s" % (type(error).__name__, first)) from None

    def info(self) -> Dict[str, Any]:
        """Version, devices, threads and what decides about precision."""
        torch = self.torch
        devices = ["cpu"]
        if torch.cuda.is_available():
            devices += [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        flags = {
            "threads": torch.get_num_threads(),
            "onednn": bool(torch.backends.mkldnn.is_available()),
            "deterministic": bool(torch.are_deterministic_algorithms_enabled()),
        }
        if self.config.device == "gpu":
            flags["tf32"] = {
                "matmul": bool(torch.backends.cuda.matmul.allow_tf32),
                "cudnn": bool(torch.backends.cudnn.allow_tf32),
            }
            flags["cuda"] = str(torch.version.cuda)
            flags["cudnn"] = torch.backends.cudnn.version()
        return {"version": torch.__version__, "devices": devices, "flags": flags, "libraries": self.libraries}

    def from_numpy(self, array: NDArray, dtype: str) -> Any:
        """A tensor of its own memory on the device; on the meta device a shape and a dtype alone."""
        torch = self.torch
        if self.device == "meta":
            return torch.empty(array.shape, dtype=self.dtypes[dtype], device="meta")
        if dtype == "bfloat16":
            tensor = torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
        else:
            tensor = torch.from_numpy(array)
        return tensor.clone() if self.device == "cpu" else tensor.to(self.device)

    def to_numpy(self, value: Any) -> Answered:
        """A tensor's words; from the meta device its dtype and shape."""
        torch = self.torch
        if not isinstance(value, torch.Tensor):
            raise Refused("the plan's output is a %s, expected a tensor" % type(value).__name__)
        dtype = str(value.dtype).rpartition(".")[2]
        shape = tuple(value.shape)
        if value.device.type == "meta":
            return dtype, shape, None
        value = value.detach().cpu().resolve_conj().resolve_neg().contiguous()
        if dtype == "bfloat16":
            value = value.view(torch.int16)
        try:
            return dtype, shape, value.numpy()
        except TypeError:
            raise Refused("the plan's output has dtype %s, which has no form that travels" % dtype) from None

    def prepare(self, function: Function) -> Function:
        """The function itself, or what torch.compile makes of it. torch.export waits for the first tensors."""
        if self.mode == "compile":
            compiled: Function = self.torch.compile(function, dynamic=False, fullgraph=True)
            return compiled
        if self.mode == "export":
            return _Exported(self.torch, function)
        return function

    def run(self, function: Function, tensors: List[Any]) -> Outputs:
        """The outputs, without recording for a gradient."""
        with self.torch.no_grad():
            return self._call(function, tensors)

    def _call(self, function: Function, tensors: List[Any]) -> Outputs:
        outputs: Outputs
        if not self.compiles:
            outputs = function(*tensors)
            return outputs
        try:
            outputs = function(*tensors)
            return outputs
        except self.torch._dynamo.exc.Unsupported as error:
            # What follows is a stack through the framework, with the paths of this machine.
            reason = str(error).partition("\nfrom user code")[0]
            raise Refused("torch.compile can't compile this plan as one graph: %s" % reason) from None

    def run_with_gradient(
        self, function: Function, tensors: List[Any], wanted: Sequence[int], cotangents: Outputs
    ) -> Tuple[Outputs, List[Any]]:
        """torch.autograd.grad; an input that no output depends on has a gradient of zeros."""
        torch = self.torch
        tensors = list(tensors)
        for index in wanted:
            tensors[index].requires_grad_()
        with torch.enable_grad():
            outputs = self._call(function, tensors)
        if not fitting(outputs, cotangents):
            return outputs, []
        asked = [tensors[index] for index in wanted]
        # An output that depends on no input that is asked for adds nothing; where none does, autograd says so.
        names = [name for name in cotangents if outputs[name].requires_grad] or list(cotangents)
        roots = [outputs[name] for name in names]
        try:
            pulled = [cotangents[name].to(outputs[name].dtype) for name in names]
            found = torch.autograd.grad(roots, asked, pulled, allow_unused=True)
        except Exception as error:
            raise GradientFailed from error
        return outputs, [torch.zeros_like(x) if g is None else g for g, x in zip(found, asked)]

    def forget(self) -> None:
        """Drop every compiled function: each holds its graph, its guards and a loaded library."""
        if self.mode == "compile":
            self.torch._dynamo.reset()


def _onednn(torch: Any) -> Dict[str, str]:
    """Which instruction set oneDNN says it uses; it says so only on standard output, before its first primitive."""
    if not torch.backends.mkldnn.is_available() or not hasattr(os, "memfd_create"):
        return {}
    kept, heard = os.dup(1), os.memfd_create("onednn")
    try:
        os.dup2(heard, 1)
        with torch.no_grad(), torch.backends.mkldnn.verbose(torch.backends.mkldnn.VERBOSE_ON):
            x, w = torch.ones((2, 3, 8, 8), device="cpu"), torch.ones((4, 3, 3, 3), device="cpu")
            torch.nn.functional.conv2d(x, w)  # one that is large enough for oneDNN
        ctypes.CDLL(None).fflush(None)
    finally:
        os.dup2(kept, 1)
        os.close(kept)
    text = os.pread(heard, 1 << 16, 0).decode("utf-8", "replace")
    os.close(heard)
    said = text.partition(",cpu,isa:")[2].partition("\n")[0]
    return {"onednn": said} if said else {}


class _Exported:
    """A function that is exported at its first call and runs as the exported program from then on."""

    def __init__(self, torch: Any, function: Function) -> None:
        class Module(torch.nn.Module):  # type: ignore[misc]
            def forward(self, *tensors: Any) -> Any:
                return function(*tensors)

        self.torch = torch
        self.module = Module()
        self.program: Any = None

    def __call__(self, *tensors: Any) -> Any:
        if self.program is None:
            self.program = self.torch.export.export(self.module, tuple(tensors)).module()
        return self.program(*tensors)


RUNTIME = Torch
