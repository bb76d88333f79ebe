"""What a worker gives up before it imports a framework, so that a plan that gets out of hand harms nobody.

The worker does it to itself, in its own process, with what the system offers without privileges; what the system does
not offer is said in the worker's hello. `docs/security.md` says what each measure is for. Standard library only.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from typing import Dict, Iterable, MutableMapping

from .environment import Config
from .landlock import interface, restrict_files
from .seccomp import filter_calls

# The measures, as the hello names them: each is "" where it holds, else why it does not.
MEASURES = ("files", "network", "processes", "programs", "memory", "file size")

GIB = 1 << 30
MAX_FILE = 1 * GIB
MAX_DESCRIPTORS = 4096
# What a worker may have in memory of its own, as a share of the machine's, and at least.
MEMORY_SHARE = 0.75
LEAST_MEMORY = 4 * GIB
# How many threads and processes there may be on the system besides those that there are now.
MORE_TASKS = 512

_PR_SET_NO_NEW_PRIVS = 38
_PR_CAPBSET_DROP = 24
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_CAPABILITIES_VERSION_3 = 0x20080522


def starts_programs(config: Config) -> bool:
    """Whether the framework itself starts programs in this mode: a compiler of C++, or NVIDIA's assembler."""
    return config.programs or config.device != "cpu"


def confine(config: Config, folder: str, here: Iterable[str]) -> Dict[str, str]:
    """Confine this process to `folder`; each measure, with "" where it holds and else the reason why not.

    `here` are the folders of the worker's own files. Must come before there is a second thread.
    """
    programs = starts_programs(config)
    missing = dict.fromkeys(MEASURES, "")
    _limit_resources(config, missing)
    if not sys.platform.startswith("linux"):
        for name in ("files", "network", "processes", "programs"):
            missing[name] = "there is nothing on %s for it" % sys.platform
        return missing
    libc = ctypes.CDLL(None, use_errno=True)
    _be_killed_first()
    _drop_privileges(libc)
    missing["files"] = restrict_files(libc, folder, here, programs, config.device != "cpu")
    # In this order: the filter is checked at every call, and the rules above are some hundred.
    refused = filter_calls(libc, programs, config.device != "cpu")
    if refused:
        landlock = 0 if missing["files"] else interface(libc)
        missing["network"] = refused + (" (TCP is closed)" if landlock >= 4 else "")
        missing["processes"] = refused + (" (signals to others are refused)" if landlock >= 6 else "")
        missing["programs"] = refused
    elif programs:
        missing["programs"] = _limit_tasks()
    return missing


def own_folder(folder: str, environ: MutableMapping[str, str] = os.environ) -> None:
    """Have libraries keep their caches and settings in the worker's own folder, and read none of the user's."""
    for name in ("HOME", "TMPDIR", "TMP", "TEMP"):
        environ[name] = folder
    for name, below in _CACHES.items():
        environ[name] = os.path.join(folder, below)
    for name in ("JAX_COMPILATION_CACHE_DIR", "TORCH_EXTENSIONS_DIR"):
        environ.pop(name, None)


# Where libraries keep what they keep, apart from what follows from HOME.
_CACHES = {
    "XDG_CACHE_HOME": "cache",
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "KERAS_HOME": "keras",
    "TORCH_HOME": "torch",
    "TORCHINDUCTOR_CACHE_DIR": "inductor",
    "TRITON_HOME": "triton",
    "TRITON_CACHE_DIR": os.path.join("triton", "cache"),
    "CUDA_CACHE_PATH": "cuda",
    "MPLCONFIGDIR": "matplotlib",
    "NUMBA_CACHE_DIR": "numba",
}


def _limit_resources(config: Config, missing: Dict[str, str]) -> None:
    try:
        import resource
    except ImportError:
        for name in ("memory", "file size"):
            missing[name] = "there is nothing on %s for it" % sys.platform
        return

    def lower(which: int, most: int) -> str:
        _, hard = resource.getrlimit(which)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(which, (most, most))
        except (ValueError, OSError) as error:
            return "the limit can't be set: %s" % error
        return ""

    lower(resource.RLIMIT_CORE, 0)
    lower(resource.RLIMIT_NOFILE, MAX_DESCRIPTORS)
    missing["file size"] = lower(resource.RLIMIT_FSIZE, MAX_FILE)
    if not sys.platform.startswith("linux"):
        missing["memory"] = "%s keeps no such limit" % sys.platform
    elif config.device != "cpu":
        missing["memory"] = "drivers of devices reserve more than there is"
    else:
        missing["memory"] = lower(resource.RLIMIT_DATA, memory_limit())


def limit_processor_time(seconds: float) -> None:
    """Let this process compute for `seconds` more on all processors, and be killed by SIGXCPU after that.

    The coordinator's timeout comes first, unless the coordinator itself is stopped.
    """
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = used.ru_utime + used.ru_stime + seconds * (os.cpu_count() or 1)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    most = int(min(until, 1e9)) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def memory_limit() -> int:
    """The bytes of memory that a worker may have for itself, from what the machine or the container has."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            with open(path) as stream:
                total = min(total, int(stream.read()))
        except (OSError, ValueError):  # not there, or the word `max`
            continue
    return max(LEAST_MEMORY, int(total * MEMORY_SHARE))


def _limit_tasks() -> str:
    """Bound how many processes can be started; "" where it holds. Root is not bound by the kernel's limit."""
    import resource

    if os.getuid() == 0:
        return "it starts a compiler, and the kernel limits no number of processes for root"
    try:
        with open("/proc/loadavg") as stream:
            now = int(stream.read().split()[3].partition("/")[2])
        _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
        most = now + MORE_TASKS if hard == resource.RLIM_INFINITY else min(now + MORE_TASKS, hard)
        resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
    except (OSError, ValueError) as error:
        return "the limit can't be set: %s" % error
    return ""


def _be_killed_first() -> None:
    """Where the system runs out of memory, have it kill this process and not the coordinator."""
    try:
        with open("/proc/self/oom_score_adj", "w") as stream:
            stream.write("1000")
    except OSError:
        pass


def _drop_privileges(libc: ctypes.CDLL) -> None:
    """No capability of root's, now or in any program that is started."""
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for capability in range(64):
        if libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break
    libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = struct.pack("=Ii", _CAPABILITIES_VERSION_3, 0)
    libc.capset(header, bytes(24))
