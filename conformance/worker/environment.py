"""What a worker is started with, and what frameworks and their libraries read from the environment at their import.

This must run before NumPy is imported, so it imports nothing that does.
"""

from __future__ import annotations

import os
from typing import Any, Dict, MutableMapping, Optional

from .processor import apply_cap


class Config:
    """What a worker is started with: the parts of a target."""

    def __init__(self, given: Dict[str, Any]) -> None:
        self.framework: str = given["framework"]
        self.backend: str = given.get("backend") or ""
        self.mode: str = given.get("mode") or "eager"
        self.device: str = given.get("device") or "cpu"
        self.options: Dict[str, str] = dict(given.get("options") or {})
        self.version: str = given.get("version") or ""
        # What the framework's object says of this target, and the coordinator sends along.
        self.rooms: Dict[str, str] = dict(given.get("rooms") or {})
        self.variables: Dict[str, Optional[str]] = dict(given.get("variables") or {})
        self.programs: bool = given.get("programs") is True

    def room(self, framework: str) -> str:
        """The folder with a framework's files. Where none is given, it is one that comes with the worker."""
        ours = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "frameworks", framework)
        return self.rooms.get(framework) or ours

    @property
    def threads(self) -> int:
        """How many threads the framework may compute with."""
        return int(self.options.get("threads", "1"))

    @property
    def isa(self) -> str:
        """The instruction set beyond which no library may go; "" where there is no cap."""
        return self.options.get("isa", "")

    def flag(self, name: str) -> Optional[bool]:
        """An option that is 0 or 1; None where it is not given, and the framework's own default holds."""
        return self.options[name] == "1" if name in self.options else None


def prepare_environment(config: Config, environ: MutableMapping[str, str] = os.environ) -> None:
    """Set what frameworks and their libraries read when they are imported."""
    threads = str(config.threads)
    for name in ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "VECLIB_MAXIMUM", "BLIS"):
        environ[name + "_NUM_THREADS"] = threads
    apply_cap(config.isa, environ)
    environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    if config.device == "cpu":
        environ["CUDA_VISIBLE_DEVICES"] = "-1"
        environ["JAX_PLATFORMS"] = "cpu"
    else:
        environ.pop("JAX_PLATFORMS", None)
    # XLA's own CPU client takes the size of its thread pool from NPROC.
    environ["NPROC"] = threads
    if config.threads == 1:
        environ["XLA_FLAGS"] = (environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false").strip()
    if config.flag("deterministic"):
        environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    for name, value in config.variables.items():
        if value is None:
            environ.pop(name, None)
        else:
            environ[name] = value
