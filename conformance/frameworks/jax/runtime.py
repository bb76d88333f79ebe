"""JAX: operation by operation, or jit."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from conformance.worker.runtime import (
    Answered,
    Config,
    Function,
    GradientFailed,
    NDArray,
    Outputs,
    Runtime,
    Unavailable,
    fitting,
    import_framework,
    of_array,
)

# Namespaces that `import jax` does not always bring along.
_SUBMODULES = (
    "jax.lax",
    "jax.nn",
    "jax.numpy",
    "jax.numpy.fft",
    "jax.numpy.linalg",
    "jax.experimental.rnn",
    "jax.image",
    "jax.scipy.signal",
    "jax.scipy.special",
)
_WIDE = ("float64", "complex128", "int64", "uint64")


class Jax(Runtime):
    """JAX in one of its modes. Both compile something for each shape, so what is kept is dropped now and then.

    64-bit types are enabled for plans with a 64-bit input alone, since without them JAX quietly turns float64 into
    float32 and int64 into int32, and with them it makes float64 of every number that a plan writes out. The option x64
    sets them once and for all.
    """

    specialised = True
    keep = 128  # each takes about 1.5 MB with its gradient

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.jax = jax = import_framework("jax")
        for name in _SUBMODULES:
            import_framework(name)
        self.roots = {"jax": jax}
        self.compiles = config.mode == "jit"
        self.x64 = config.flag("x64")
        jax.config.update("jax_enable_x64", bool(self.x64))
        if "precision" in config.options:
            jax.config.update("jax_default_matmul_precision", config.options["precision"])
        try:
            self.devices = jax.devices(config.device)
        except RuntimeError as error:
            first = (str(error).strip().splitlines() or [""])[0]
            raise Unavailable("JAX %s has no %s: %s" % (jax.__version__, config.device.upper(), first)) from None
        self.device = self.devices[0]
        jax.config.update("jax_default_device", self.device)
        self.bfloat16 = np.dtype(jax.numpy.bfloat16)
        # The client, its thread pool and the first compilation: before the first case, not in it.
        jax.numpy.ones(2).block_until_ready()

    def info(self) -> Dict[str, Any]:
        """Version, devices, and what decides about types and precision."""
        jax = self.jax
        flags = {
            "threads": self.config.threads,
            "x64": "for 64-bit inputs" if self.x64 is None else self.x64,
            "precision": str(jax.config.jax_default_matmul_precision),
            "jaxlib": import_framework("jaxlib").__version__,
            "XLA_FLAGS": os.environ.get("XLA_FLAGS", ""),
        }
        return {"version": jax.__version__, "devices": [str(d.device_kind) for d in self.devices], "flags": flags}

    def begin(self, dtypes: Sequence[str]) -> None:
        """Enable 64-bit types where an input has one, unless the target says which."""
        wide = self.x64 is None and any(dtype in _WIDE for dtype in dtypes)
        if self.x64 is None and self.jax.config.jax_enable_x64 != wide:
            self.jax.config.update("jax_enable_x64", wide)

    def from_numpy(self, array: NDArray, dtype: str) -> Any:
        """An array on the device."""
        return self.jax.device_put(array.view(self.bfloat16) if dtype == "bfloat16" else array, self.device)

    def to_numpy(self, value: Any) -> Answered:
        """An array's words, once it is computed."""
        return of_array(value, self.jax.Array)

    def prepare(self, function: Function) -> Function:
        """The function itself, or its jitted self, with its gradient."""
        return _Jitted(self, function) if self.compiles else function

    def run_with_gradient(
        self, function: Function, tensors: List[Any], wanted: Sequence[int], cotangents: Outputs
    ) -> Tuple[Outputs, List[Any]]:
        """jax.vjp. Where it fails, the forward call alone tells which of the two was refused."""
        try:
            if isinstance(function, _Jitted):
                outputs, gradients = function.gradient(tuple(wanted))(tensors, cotangents)
            else:
                outputs, gradients = self.pull(function, tensors, wanted, cotangents)
            # Computed asynchronously: an error may come only here.
            self.jax.block_until_ready((outputs, gradients))
        except Exception as error:
            self.jax.block_until_ready(function(*tensors))
            raise GradientFailed from error
        return outputs, [] if gradients is None else list(gradients)

    def pull(
        self, function: Function, tensors: Sequence[Any], wanted: Sequence[int], cotangents: Outputs
    ) -> Tuple[Outputs, Optional[Tuple[Any, ...]]]:
        """The outputs and the gradients; None for these where an output has not its cotangent's shape."""

        def of_wanted(*chosen: Any) -> Tuple[Outputs, Outputs]:
            everything = list(tensors)
            for index, tensor in zip(wanted, chosen):
                everything[index] = tensor
            outputs = function(*everything)
            return {name: outputs[name] for name in cotangents}, outputs

        chosen = (tensors[index] for index in wanted)
        roots, transposed, outputs = self.jax.vjp(of_wanted, *chosen, has_aux=True)
        if not fitting(roots, cotangents):
            return outputs, None
        return outputs, transposed({name: c.astype(roots[name].dtype) for name, c in cotangents.items()})

    def forget(self) -> None:
        """Drop every compiled program: JAX keeps one for each shape that it has seen."""
        self.jax.clear_caches()


class _Jitted:
    """A jitted function, and its jitted vector-Jacobian product where it is asked for."""

    def __init__(self, runtime: Jax, function: Function) -> None:
        self.runtime = runtime
        self.function = function
        self.jitted: Function = runtime.jax.jit(function)

    def __call__(self, *tensors: Any) -> Any:
        return self.jitted(*tensors)

    def gradient(self, wanted: Tuple[int, ...]) -> Function:
        # The server keeps one of these for each set of wanted inputs, so there is only one to remember.
        if not hasattr(self, "pulled"):

            def pulled(tensors: List[Any], cotangents: Outputs) -> Any:
                return self.runtime.pull(self.function, tensors, wanted, cotangents)

            self.pulled: Function = self.runtime.jax.jit(pulled)
        return self.pulled


RUNTIME = Jax
