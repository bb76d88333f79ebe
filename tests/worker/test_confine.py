"""A worker's confinement: a process that has confined itself tries what a hostile plan would, and is denied."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.executor.local import configuration
from conformance.target import parse_target
from conformance.worker.confine import MEASURES, memory_limit, own_folder, starts_programs
from conformance.worker.environment import Config
from conformance.worker.seccomp import program

ROOT = Path(__file__).resolve().parents[2]

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have nothing to confine with")

# Runs in a process of its own; prints what each attempt came to. `victim` is a process of the same user.
ATTEMPTS = """
import ctypes, fcntl, json, os, resource, signal, socket, subprocess, sys, threading
sys.path.insert(0, sys.argv[1])
folder, outside, secret, victim, shared, mode = sys.argv[2:]
from conformance.worker.confine import confine, own_folder
from conformance.worker.environment import Config
victim = int(victim)
own_folder(folder)
found = {"confined": confine(Config({"framework": "torch", "programs": mode == "compile"}), folder, [sys.argv[1]])}
libc = ctypes.CDLL(None, use_errno=True)

def attempt(name, action):
    try:
        found[name] = "done: %s" % (action(),)
    except MemoryError:
        found[name] = "MemoryError"
    except OSError as error:
        found[name] = os.strerror(error.errno)

def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), "")

def fork():
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)

def write(path):
    with open(path, "w") as stream:
        stream.write("x")

def lease(path):
    # Whoever opens the file waits until the kernel breaks the lease.
    fcntl.fcntl(2 if path.endswith("fd/2") else os.open(path, os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_WRLCK)

def watch(path):
    first, second = (294, 254) if os.uname().machine == "x86_64" else (26, 27)
    call(second, libc.syscall(first, 0), path.encode(), 0xFFF)

def inner_thread():
    said = []
    thread = threading.Thread(target=said.append, args=(1,))
    thread.start()
    thread.join()
    return said

attempt("tcp", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
attempt("udp", lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
attempt("local socket", lambda: socket.socket(socket.AF_UNIX))
attempt("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
attempt("io_uring", lambda: call(425, 1, ctypes.create_string_buffer(256)))
attempt("write outside", lambda: write(os.path.join(outside, "new")))
attempt("write over", lambda: write(secret))
attempt("remove", lambda: os.remove(secret))
attempt("rename", lambda: os.rename(secret, os.path.join(outside, "moved")))
attempt("link out", lambda: os.link(os.path.join(folder, "kept"), os.path.join(outside, "linked")))
attempt("follow a link out", lambda: write(os.path.join(folder, "out")))
attempt("change a mode", lambda: os.chmod(secret, 0o777))
attempt("touch", lambda: os.utime(secret))
attempt("truncate", lambda: os.truncate(secret, 0))
attempt("read a secret", lambda: open(secret).read())
attempt("list a home", lambda: os.listdir(outside))
attempt("read another's environment", lambda: open("/proc/%d/environ" % victim).read())
attempt("kill another", lambda: os.kill(victim, signal.SIGKILL))
attempt("stop another's thread", lambda: call(200 if os.uname().machine == "x86_64" else 130, victim, signal.SIGSTOP))
attempt("attach to another", lambda: call(101 if os.uname().machine == "x86_64" else 117, 16, victim, 0, 0))
attempt("limit another", lambda: resource.prlimit(victim, resource.RLIMIT_CPU, (1, 1)))
X86 = os.uname().machine == "x86_64"
attempt("attach another's shared memory", lambda: call(30 if X86 else 196, int(shared), 0, 0o10000))
attempt("remove another's shared memory", lambda: call(31 if X86 else 195, int(shared), 0, 0))
attempt("remove another's queue", lambda: call(71 if X86 else 187, int(shared), 0, 0))
attempt("slow another", lambda: os.setpriority(os.PRIO_PROCESS, victim, 19))
attempt("leave the group", os.setsid)
attempt("own a namespace", lambda: call(272 if os.uname().machine == "x86_64" else 97, 0x10000000))
attempt("hold up who opens it", lambda: lease(os.path.join(sys.argv[1], "conformance", "__init__.py")))
attempt("hold up who reads the log", lambda: lease("/proc/self/fd/2"))
attempt("watch a home", lambda: watch(outside))
attempt("a call of a later kernel", lambda: call(469, -100, b".", bytes(64), ctypes.c_size_t(24), 0))
attempt("fork", fork)
attempt("program", lambda: subprocess.run([sys.executable, "-c", ""], check=True).returncode)
attempt("memory", lambda: len(bytearray(1 << 45)))
attempt("large file", lambda: os.truncate(os.open(os.path.join(folder, "large"), os.O_RDWR | os.O_CREAT), 1 << 40))

attempt("own file", lambda: write(os.path.join(folder, "own")))
attempt("temporary file", lambda: __import__("tempfile").TemporaryFile().write(b"x"))
attempt("nothing", lambda: write(os.devnull))
attempt("own signal", lambda: os.kill(os.getpid(), 0))
attempt("own memory", lambda: open("/proc/self/statm").read())
attempt("thread", inner_thread)
attempt("NumPy", lambda: __import__("numpy").ones(3).sum())
found["home"] = os.path.expanduser("~")
print(json.dumps(found), flush=True)
os._exit(0)
"""

REFUSED = {
    "files": (
        "write outside",
        "write over",
        "remove",
        "rename",
        "link out",
        "follow a link out",
        "read a secret",
        "list a home",
        "read another's environment",
    ),
    "network": ("tcp", "udp", "local socket", "netlink", "io_uring"),
    "processes": (
        "kill another",
        "stop another's thread",
        "attach to another",
        "limit another",
        "attach another's shared memory",
        "remove another's shared memory",
        "remove another's queue",
        "slow another",
        "leave the group",
        "own a namespace",
        "change a mode",
        "touch",
        "truncate",
        "hold up who opens it",
        "hold up who reads the log",
        "watch a home",
    ),
    "memory": ("memory",),
    "file size": ("large file",),
}
NEEDED = ("own file", "temporary file", "nothing", "own signal", "own memory", "thread", "NumPy")


def attempts(tmp_path: Path, mode: str) -> dict[str, Any]:
    folder, outside = tmp_path / "own", tmp_path / "home"
    folder.mkdir()
    outside.mkdir()
    secret = outside / ".netrc"
    secret.write_text("password")
    (folder / "kept").write_text("mine")
    (folder / "out").symlink_to(outside / "through")
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    libc = ctypes.CDLL(None)
    shared = libc.shmget(0, 4096, 0o1600)  # of this process, and readable by this user
    try:
        argv = [
            sys.executable,
            "-c",
            ATTEMPTS,
            str(ROOT),
            str(folder),
            str(outside),
            str(secret),
            str(victim.pid),
            str(shared),
            mode,
        ]
        with open(tmp_path / "log", "ab") as log:
            done = subprocess.run(
                argv, check=False, stdout=subprocess.PIPE, stderr=log, text=True, timeout=300, cwd=folder
            )
        assert done.returncode == 0, (tmp_path / "log").read_text()
        assert victim.poll() is None
        assert libc.shmctl(shared, 0, None) == 0, "it is gone"
    finally:
        libc.shmctl(shared, 0, None)
        victim.kill()
        victim.wait()
    found: dict[str, Any] = json.loads(done.stdout)
    if not found["confined"]["files"]:
        assert sorted(path.name for path in outside.iterdir()) == [".netrc"]
        assert secret.read_text() == "password"
    return found


@pytest.fixture(scope="module")
def eager(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return attempts(tmp_path_factory.mktemp("eager"), "eager")


@pytest.fixture(scope="module")
def compiling(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return attempts(tmp_path_factory.mktemp("compile"), "compile")


@linux
@pytest.mark.parametrize(("measure", "name"), [(m, name) for m, names in REFUSED.items() for name in names])
@pytest.mark.parametrize("mode", ["eager", "compiling"])
def test_what_is_refused(request: pytest.FixtureRequest, mode: str, measure: str, name: str) -> None:
    found = request.getfixturevalue(mode)
    if found["confined"][measure]:
        pytest.skip(f"{measure}: {found['confined'][measure]}")
    refusals = {"memory": ("MemoryError",), "file size": ("File too large", "Operation not permitted")}
    assert found[name] in refusals.get(measure, ("Permission denied", "Operation not permitted")), found[name]


@linux
@pytest.mark.parametrize("mode", ["eager", "compiling"])
def test_what_no_filter_has_heard_of_is_not_there(request: pytest.FixtureRequest, mode: str) -> None:
    found = request.getfixturevalue(mode)
    if found["confined"]["processes"]:
        pytest.skip(found["confined"]["processes"])
    assert found["a call of a later kernel"] == "Function not implemented"


@linux
@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("mode", ["eager", "compiling"])
def test_what_a_framework_needs_goes_on(request: pytest.FixtureRequest, mode: str, name: str) -> None:
    assert request.getfixturevalue(mode)[name].startswith("done")


@linux
def test_programs_are_started_only_where_a_mode_compiles(eager: dict[str, Any], compiling: dict[str, Any]) -> None:
    if eager["confined"]["programs"]:
        pytest.skip(eager["confined"]["programs"])
    assert eager["fork"] == eager["program"] == "Operation not permitted"
    assert compiling["program"] == "done: 0"
    # Root is bound by no number of processes, and that is said.
    assert bool(compiling["confined"]["programs"]) == (os.getuid() == 0)


@linux
def test_of_a_project_on_the_path_only_modules_can_be_read(tmp_path: Path) -> None:
    project, installed, own = tmp_path / "project", tmp_path / "installed", tmp_path / "own"
    for folder in (project / "package", project / "notes", installed / "found.dist-info", installed / "found", own):
        folder.mkdir(parents=True)
    for path in ("project/package/__init__.py", "project/module.py", "project/.env", "project/notes/secret"):
        (tmp_path / path).write_text("")
    (installed / "found" / "data").write_text("")
    code = (
        "import sys\n"
        "sys.path[:0] = sys.argv[3:]\n"
        "from conformance.worker.confine import confine\n"
        "from conformance.worker.environment import Config\n"
        "reason = confine(Config({'framework': 'numpy'}), sys.argv[2], [sys.argv[1]])['files']\n"
        "import package, module\n"
        "denied = []\n"
        "for path in (sys.argv[3] + '/.env', sys.argv[3] + '/notes/secret', sys.argv[4] + '/found/data'):\n"
        "    try: open(path)\n"
        "    except PermissionError: denied.append(path.rpartition('/')[2])\n"
        "print(reason or denied)"
    )
    argv = [sys.executable, "-c", code, str(ROOT), str(own), str(project), str(installed)]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, cwd=ROOT)
    if done.stdout.strip() != "['.env', 'secret']":
        pytest.skip(done.stdout) if "kernel" in done.stdout else pytest.fail(done.stdout)


@linux
def test_the_home_is_the_own_folder(eager: dict[str, Any]) -> None:
    assert eager["home"].endswith("/own")


def test_every_measure_is_said(eager: dict[str, Any]) -> None:
    assert tuple(eager["confined"]) == MEASURES
    assert all(isinstance(reason, str) for reason in eager["confined"].values())


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("torch:compile", True),
        ("keras/torch:jit", True),
        ("keras/jax:jit", False),
        ("keras/torch", False),
        ("jax@gpu", True),
        ("torch", False),
        ("tensorflow:xla", False),
    ],
)
def test_which_modes_start_programs(target: str, expected: bool) -> None:
    assert starts_programs(Config(json.loads(configuration(parse_target(target))))) == expected


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("programs", [True, False])
@pytest.mark.parametrize("device", [True, False])
def test_a_filter_is_one_that_the_kernel_takes(machine: str, programs: bool, device: bool) -> None:
    code = program(machine, 1234, programs, device)
    assert len(code) < 4096
    for index, (operation, yes, no, _) in enumerate(code):
        # Every way through ends, and no jump leads out of the program.
        assert index + 1 + max(yes, no) < len(code) or operation == 0x06
    assert code[-1][0] == 0x06
    assert any(number == 0x40000000 for _, _, _, number in code) == (machine == "x86_64")


def test_libraries_keep_their_caches_in_the_own_folder() -> None:
    environ = {"HOME": "/home/someone", "JAX_COMPILATION_CACHE_DIR": "/shared", "PATH": "/bin"}
    own_folder("/own", environ)
    assert environ["PATH"] == "/bin"
    assert "JAX_COMPILATION_CACHE_DIR" not in environ
    assert all(value.startswith("/own") for name, value in environ.items() if name != "PATH")


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such limit")
def test_who_computes_for_longer_than_is_waited_for_is_killed() -> None:
    code = (
        "from conformance.worker.confine import limit_processor_time\n"
        "limit_processor_time(10 ** 12)\n"
        "limit_processor_time(0)\n"
        "while True: pass"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == -signal.SIGXCPU


def test_the_memory_limit_is_below_what_there_is() -> None:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 0 < memory_limit() < max(total, 4 * 2**30 + 1)
