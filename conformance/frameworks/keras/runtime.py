"""Keras on one of its backends. The backend's own runtime moves tensors, compiles and differentiates."""

from __future__ import annotations

import os
from typing import Any, Dict, List, Sequence, Tuple

from conformance.worker.runtime import (
    Answered,
    Config,
    Function,
    NDArray,
    Outputs,
    Runtime,
    Unavailable,
    import_framework,
    runtime_of,
)

# A mode of Keras -> the mode of its backend.
_MODES = {
    "tensorflow": {"eager": "eager", "jit": "xla"},
    "torch": {"eager": "eager", "jit": "compile"},
    "jax": {"eager": "eager", "jit": "jit"},
    "numpy": {"eager": "eager"},
}
# How many plans are run before Keras is told to forget the names that it has given to layers.
_KEEP = 512


class Keras(Runtime):
    """Keras 3 on TensorFlow, PyTorch, JAX or NumPy."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        if config.backend not in _MODES:
            raise Unavailable("no runtime for the Keras backend %r" % config.backend)
        if config.mode not in _MODES[config.backend]:
            raise Unavailable("Keras compiles nothing on %s" % config.backend)
        given = {"framework": config.backend, "mode": _MODES[config.backend][config.mode], "device": config.device}
        self.backend = runtime_of(Config({**given, "options": config.options, "rooms": config.rooms}))
        self.keras = keras = import_framework("keras")
        if not hasattr(keras, "config") or not hasattr(keras, "ops"):
            raise Unavailable("Keras %s has no backends; expected Keras 3" % keras.__version__)
        if keras.config.backend() != config.backend:
            raise Unavailable("Keras runs on %s, expected %s" % (keras.config.backend(), config.backend))
        self.roots = {"keras": keras}
        self.compiles = self.backend.compiles
        self.builtins = self.backend.builtins
        self.specialised = True
        self.keep = self.backend.keep if self.backend.specialised else _KEEP

    def info(self) -> Dict[str, Any]:
        """Keras's version and configuration, and the backend's."""
        keras, under = self.keras, self.backend.info()
        flags = {
            **under["flags"],
            "floatx": keras.config.floatx(),
            "image_data_format": keras.config.image_data_format(),
            "KERAS_BACKEND": os.environ.get("KERAS_BACKEND", ""),
        }
        return {
            "version": keras.__version__,
            "backend_version": under["version"],
            "devices": under["devices"],
            "flags": flags,
            "libraries": under.get("libraries", {}),
        }

    def begin(self, dtypes: Sequence[str]) -> None:
        """As the backend does."""
        self.backend.begin(dtypes)

    def from_numpy(self, array: NDArray, dtype: str) -> Any:
        """As the backend does."""
        return self.backend.from_numpy(array, dtype)

    def to_numpy(self, value: Any) -> Answered:
        """As the backend does."""
        return self.backend.to_numpy(value)

    def prepare(self, function: Function) -> Function:
        """As the backend does."""
        return self.backend.prepare(function)

    def run(self, function: Function, tensors: List[Any]) -> Outputs:
        """As the backend does."""
        return self.backend.run(function, tensors)

    def run_with_gradient(
        self, function: Function, tensors: List[Any], wanted: Sequence[int], cotangents: Outputs
    ) -> Tuple[Outputs, List[Any]]:
        """As the backend does."""
        return self.backend.run_with_gradient(function, tensors, wanted, cotangents)

    def forget(self) -> None:
        """Drop the names that Keras has given to layers, and what the backend keeps."""
        self.keras.backend.clear_session()
        self.backend.forget()


RUNTIME = Keras
