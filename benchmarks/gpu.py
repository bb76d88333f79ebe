"""The cases with the tag `gpu` on a machine with a GPU, where nothing can be installed.

    python benchmarks/gpu.py OUT                 # a record, a page, a summary and a log in the folder OUT
    python benchmarks/gpu.py OUT --cpu           # the same on the CPU: a rehearsal

It needs this checkout, NumPy, PyYAML and whichever of PyTorch and JAX is there, in any version; what else the harness
imports it takes from the copy that pip carries. After --minutes (8) it stops the run, and the page is made of what was
judged until then. TF32, the deterministic algorithms and JAX's precision are asked both ways.

Exits with what `conformance run` exits with, 130 where the time was up.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGETS = {
    "torch": ["torch@gpu", "torch@gpu+tf32=1", "torch@gpu+tf32=0", "torch@gpu+deterministic=1"],
    "jax": ["jax@gpu", "jax@gpu+precision=highest", "jax:jit@gpu"],
}
# The last entry of the path, so that what is installed comes first.
CALL = "import sys; sys.path.append({vendored!r}); from conformance.commands.cli import main; sys.exit(main())"


def conformance(*words: str, log: Path, seconds: float | None = None) -> int:
    """One command of the checkout; where its time is up it is interrupted, as by Ctrl-C, and keeps what it has."""
    pip = find_spec("pip")
    vendored = str(Path(pip.origin).parent / "_vendor") if pip is not None and pip.origin else ""
    command = [sys.executable, "-c", CALL.format(vendored=vendored), *words]
    with log.open("a") as out:
        out.write(f"$ conformance {' '.join(words)}\n")
        out.flush()
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            return process.wait()


def main() -> int:
    """Run, then report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, help="an empty folder for what comes back")
    parser.add_argument("--minutes", type=float, default=8.0, help="when the run is stopped (8)")
    parser.add_argument("--cpu", action="store_true", help="rehearse on the CPU")
    options = parser.parse_args()
    found = [target for name, targets in TARGETS.items() if find_spec(name) for target in targets]
    if not found:
        print("neither torch nor jax is installed: nothing to run", file=sys.stderr)
        return 3
    asked = list(dict.fromkeys(t.replace("@gpu", "") for t in found if "tf32" not in t)) if options.cpu else found
    options.out.mkdir(parents=True, exist_ok=True)
    out = options.out.resolve()
    record, log = out / "gpu.db", out / "gpu.log"
    for stale in (record, log):
        stale.unlink(missing_ok=True)
    words = ["run", "cases", "--tag", "gpu", "--on", ",".join(asked), "--record", str(record)]
    code = conformance(*words, log=log, seconds=60 * options.minutes)
    report = ["report", str(record), "--html", str(out / "gpu.html"), "--markdown", str(out / "gpu.md")]
    conformance(*report, log=log)
    print(log.read_text())
    return code


if __name__ == "__main__":
    sys.exit(main())
