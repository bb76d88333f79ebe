"""The worker: a process that holds one framework, is sent plans, and answers with what the framework gave.

Started as `PYTHON path/to/worker/__main__.py CONFIG`, so that it runs in any interpreter of Python 3.9 or later that
has NumPy and the framework; the rest of the package need not be installed there, and isn't importable if it is not.
`docs/wire.md` says what is sent. The worker never sees an expected value.
"""

from __future__ import annotations

import os
import sys


def private_descriptors() -> tuple[int, int]:
    """Descriptors for the protocol that nothing else knows.

    Before anything else is imported, what was standard input and output moves away, 0 becomes empty, and 1 becomes
    what 2 is (a log), so that a framework that prints or reads disturbs nothing. They are not inherited by programs
    that a framework starts, such as a compiler.
    """
    incoming, outgoing = os.dup(0), os.dup(1)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    os.dup2(2, 1)
    return incoming, outgoing


def _as_package() -> str:
    """Make this directory, and nothing else of ours, importable as `conformance.worker`; its name.

    The package above it is empty, also where there is a whole one in this interpreter.
    """
    import importlib.util
    import types

    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    above = types.ModuleType("conformance")
    above.__path__ = []
    sys.modules["conformance"] = above
    name = "conformance.worker"
    spec = importlib.util.spec_from_file_location(
        name, os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = above.worker = module  # type: ignore[attr-defined]
    spec.loader.exec_module(module)
    return name


if __name__ == "__main__":
    _PRIVATE = private_descriptors()
    if not __package__:
        __package__ = _as_package()

import faulthandler  # noqa: E402
import json  # noqa: E402
import signal  # noqa: E402
import tempfile  # noqa: E402

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the coordinator's thread dies, however that happens (Linux).

    Elsewhere the end of the input stream ends the worker, at the latest after the case that it is at.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def prepare_process() -> None:
    """Signals, core dumps, and a stack in the log when the process dies or hangs."""
    # Ctrl-C is for the coordinator, which then stops its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable()
    if hasattr(faulthandler, "register"):
        # The coordinator sends this to a worker that hangs, before it kills it.
        faulthandler.register(signal.SIGUSR1)
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass
    die_with_parent()


def main(incoming: int, outgoing: int, config: str) -> int:
    """Say hello, then answer requests until the input ends."""
    prepare_process()
    from .confine import confine, own_folder
    from .environment import Config, prepare_environment

    parsed = Config(json.loads(config))
    folder = os.path.abspath(tempfile.gettempdir())
    own_folder(folder)
    here = (os.path.dirname(os.path.abspath(__file__)), parsed.room(parsed.framework), *parsed.rooms.values())
    confined = confine(parsed, folder, here)
    # Threads are read when NumPy is imported, and everything below imports it.
    prepare_environment(parsed)
    from .serve import serve

    with os.fdopen(incoming, "rb", buffering=1 << 20) as source, os.fdopen(outgoing, "wb", buffering=0) as sink:
        serve(parsed, source, sink, confined=confined)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: %s %s CONFIG, where CONFIG is a JSON object; see docs/wire.md" % (sys.executable, sys.argv[0]))
    code = main(_PRIVATE[0], _PRIVATE[1], sys.argv[1])
    # Frameworks take seconds to take themselves down, and some crash at it. Nothing of theirs is needed any more.
    sys.stderr.flush()
    os._exit(code)
