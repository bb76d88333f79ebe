"""The files of a framework's room: its runtime, and the table of what its plans may call.

A room may be anywhere, so its files are found by their paths. Each is loaded as a module on its own: it imports the
standard library, NumPy, its framework and `conformance.worker`, and nothing beside it.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from types import ModuleType
from typing import cast

from .allowed import Table
from .environment import Config

RUNTIME, ALLOWED = "runtime.py", "allowed.py"


def load_file(room: str, name: str) -> ModuleType:
    """A file of a room as a module, once a process; FileNotFoundError where it is not there."""
    path = os.path.join(os.path.abspath(room), name)
    module = "conformance_room_" + re.sub(r"\W", "_", path)
    if module not in sys.modules:
        spec = importlib.util.spec_from_file_location(module, path)
        if spec is None or spec.loader is None or not os.path.isfile(path):
            raise FileNotFoundError(path)
        made = importlib.util.module_from_spec(spec)
        sys.modules[module] = made
        try:
            spec.loader.exec_module(made)
        except BaseException:
            del sys.modules[module]
            raise
    return sys.modules[module]


def allowed(config: Config) -> Table:
    """What plans of a worker's framework may call."""
    return cast(Table, load_file(config.room(config.framework), ALLOWED).ALLOWED)
