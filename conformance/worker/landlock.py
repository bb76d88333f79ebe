"""Which files a worker may read and write (Linux's Landlock): its own folder, and what computing needs.

Needs no privilege, holds for everything that the process starts, and can't be taken back. Standard library only.
"""

from __future__ import annotations

import ctypes
import glob
import os
import shutil
import site
import struct
import sys
import sysconfig
from typing import Iterable, Iterator, List, Tuple

_CREATE, _ADD, _RESTRICT = 444, 445, 446

EXECUTE = 1 << 0
WRITE_FILE = 1 << 1
READ_FILE = 1 << 2
READ_DIR = 1 << 3
TRUNCATE = 1 << 14
IOCTL_DEV = 1 << 15
READ = READ_FILE | READ_DIR
# Variables that name folders of libraries, as PATH does; and the programs that frameworks compile with.
_FOLDERS_OF_LIBRARIES = (
    "LD_LIBRARY_PATH",
    "LIBRARY_PATH",
    "CPATH",
    "C_INCLUDE_PATH",
    "CPLUS_INCLUDE_PATH",
    "CUDA_HOME",
    "CUDA_PATH",
    "ROCM_PATH",
    "CONDA_PREFIX",
)
_COMPILERS = ("g++", "gcc", "c++", "cc", "clang++", "clang", "as", "ld", "ptxas", "nvcc")
# Before the worker has another.
_HOME = os.path.expanduser("~")
# More folders that a worker may read, as PATH has them: for an installation in an unusual place.
READABLE = "CONFORMANCE_READABLE"
# What a file, as against a folder, can be asked.
_OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
_TCP = 0b11  # bind, connect
_SCOPES = 0b11  # abstract UNIX sockets, signals

# The rights that each version of the interface knows.
_KNOWN = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
_VENDORS = ("/opt/rocm", "/opt/amdgpu", "/opt/cuda", "/opt/nvidia", "/opt/intel", "/run/opengl-driver", "/run/nvidia")
# Not all of /etc: it has passwords and keys.
_CONFIGURATION = (
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ld.so.preload",
    "/etc/alternatives",
    "/etc/localtime",
    "/etc/timezone",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/etc/group",
    "/etc/os-release",
    "/etc/OpenCL",
    "/etc/nv_tegra_release",
)
# What libraries read about the machine. Not all of /proc: other processes' arguments and environments are there.
_MACHINE = (
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/version",
    "/proc/filesystems",
    "/proc/devices",
    "/proc/modules",
    "/proc/driver",
    "/proc/uptime",
    "/proc/loadavg",
    "/proc/cgroups",
    "/proc/sys",
    "/sys",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
)
_GPU = ("/dev/nvidia*", "/dev/nvidia-caps", "/dev/dri", "/dev/kfd", "/dev/dxg", "/dev/shm")


def interface(libc: ctypes.CDLL) -> int:
    """The version of Landlock's interface that the kernel has; 0 for none."""
    return max(0, int(libc.syscall(_CREATE, None, ctypes.c_size_t(0), 1)))


def restrict_files(libc: ctypes.CDLL, folder: str, here: Iterable[str], programs: bool, gpu: bool) -> str:
    """Leave this process `folder` to write in, and what an interpreter and a framework need to read.

    `here` are the worker's own files. "" where it holds, else why not.
    """
    version = interface(libc)
    if not version:
        return "the kernel has no Landlock"
    known = _KNOWN[min(version, 5)]
    ruled = struct.pack("=QQQ", known, _TCP if version >= 4 else 0, _SCOPES if version >= 6 else 0)
    ruled = ruled[: 8 if version < 4 else 16 if version < 6 else 24]
    rules = libc.syscall(_CREATE, ruled, ctypes.c_size_t(len(ruled)), 0)
    if rules < 0:
        return "the kernel refuses a ruleset: %s" % os.strerror(ctypes.get_errno())
    try:
        for path, rights in allowed(folder, here, programs, gpu):
            _allow(libc, rules, path, rights & known)
        if libc.syscall(_RESTRICT, rules, 0) != 0:
            return "the kernel refuses a restriction: %s" % os.strerror(ctypes.get_errno())
    finally:
        os.close(rules)
    return ""


def allowed(folder: str, here: Iterable[str], programs: bool, gpu: bool) -> Iterator[Tuple[str, int]]:
    """Every path, with what may be done at and below it."""
    for path in (*_SYSTEM, *_VENDORS, *_prefixes(), *_libraries(), *(_compilers() if programs else ()), *here):
        yield path, READ | EXECUTE
    for path in (*_CONFIGURATION, *_MACHINE):
        yield path, READ
    for path in sys.path:
        yield from _importable(os.path.abspath(path)) if path else ()
    # What setuptools installs in place is found by a finder with a table.
    for finder in sys.meta_path:
        table = getattr(sys.modules.get(getattr(finder, "__module__", "")), "MAPPING", None)
        for path in table.values() if isinstance(table, dict) else ():
            yield str(path), READ | EXECUTE
    for path in os.environ.get(READABLE, "").split(os.pathsep):
        if path:
            yield path, READ | EXECUTE
    # The names of threads are there; without them there is no GPU for CUDA.
    yield "/proc/self" if gpu else "/proc/self/task", READ | WRITE_FILE | TRUNCATE
    yield "/dev/null", READ | WRITE_FILE | TRUNCATE | IOCTL_DEV
    # No program that it writes can be started.
    yield folder, ~(EXECUTE | IOCTL_DEV | 1 << 6 | 1 << 9 | 1 << 11)  # no devices, no sockets either
    if gpu:
        for pattern in _GPU:
            for path in glob.glob(pattern):
                yield path, ~EXECUTE


def _prefixes() -> List[str]:
    """Where the interpreter, its packages and its shared library are."""
    found = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    found.update(sysconfig.get_paths().values())
    found.update(site.getsitepackages() if hasattr(site, "getsitepackages") else ())
    found.add(os.path.dirname(os.path.realpath(sys.executable)))
    return sorted(path for path in found if not _is_broad(path))


def _libraries() -> Iterator[str]:
    """Where the user's environment says that libraries are."""
    for name in _FOLDERS_OF_LIBRARIES:
        yield from filter(None, os.environ.get(name, "").split(os.pathsep))


def _compilers() -> Iterator[str]:
    """Where the compilers on PATH are."""
    for name in (*_COMPILERS, os.environ.get("CC", ""), os.environ.get("CXX", "")):
        found = shutil.which(name) if name else None
        for path in {found, os.path.realpath(found)} if found else ():
            folder = os.path.dirname(path)
            yield folder
            # Beside the programs are the headers and parts that they read.
            if os.path.basename(folder) == "bin" and not _is_broad(os.path.dirname(folder)):
                yield os.path.dirname(folder)


def _is_broad(path: str) -> bool:
    """Whether a folder is all of the disk or a home, so that allowing it would allow everything."""
    home = os.path.realpath(_HOME)
    return os.path.realpath(path) in (os.sep, "/root", "/home", home, os.path.join(home, ".local"))


def _importable(entry: str) -> Iterator[Tuple[str, int]]:
    """What Python imports from an entry of its path.

    All of a folder that an installer keeps; of any other, which may be a project or a home, the modules and packages
    alone: there may be secrets beside them. Its names can be listed, as importing does.
    """
    if os.path.isfile(entry) or _is_installed(entry):
        yield entry, READ | EXECUTE
        return
    yield entry, READ_DIR
    try:
        names = os.listdir(entry)
    except OSError:
        return
    for name in names:
        path = os.path.join(entry, name)
        if name.endswith((".py", ".so", ".egg-info")) or os.path.isfile(os.path.join(path, "__init__.py")):
            yield path, READ | EXECUTE


def _is_installed(entry: str) -> bool:
    if os.path.basename(entry) in ("site-packages", "dist-packages"):
        return True
    return bool(glob.glob(os.path.join(glob.escape(entry), "*.dist-info")))


# Descriptors that stay open: a rule holds for what a path is now, and the kernel forgets what nobody holds in /proc.
_HELD: List[int] = []


def _allow(libc: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    """Allow something at and below a path; one that is not there can't be read either."""
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not os.path.isdir(path):
        rights &= _OF_FILES
    if rights:
        libc.syscall(_ADD, rules, 1, struct.pack("=Qi", rights, descriptor), 0)
    if path.startswith("/proc/"):
        _HELD.append(descriptor)
    else:
        os.close(descriptor)
