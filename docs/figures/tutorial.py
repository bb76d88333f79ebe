#!/usr/bin/env python3
"""Runs what docs/tutorial.md shows and writes it there; `--check` only compares. It needs PyTorch and JAX."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from gate_transcript import Scratch, plain  # noqa: E402

PAGE = HERE.parent / "tutorial.md"
CASE = """\
op: call
about: The decoder's upsampling, as PyTorch has it and as it was ported to JAX.
values: [integers]
cases:
  - name: upsample
    params:
      reference: {op: conv_transpose, params: {convention: torch, size: [4, 4], kernel: 4, stride: 2, padding: 1}}
      plans:
        torch:
          text: y = torch.nn.functional.conv_transpose2d(x, w, stride=2, padding=1)
          layouts: {w: IOHW}
        jax:
          text: y = jax.lax.conv_transpose(x, w, (2, 2), "SAME")
          layouts: {x: NHWC, w: HWIO, y: NHWC}
"""


def transcripts() -> dict[str, list[str]]:
    """The lines of each step."""
    with tempfile.TemporaryDirectory(prefix="conformance-tutorial-") as place:
        folder = Path(place) / "port"
        (folder / "cases").mkdir(parents=True)
        (folder / "cases" / "upsample.yaml").write_text(CASE, encoding="utf-8")
        scratch, found = Scratch(folder), dict[str, list[str]]()
        scratch.environment.pop("GITHUB_ACTIONS")

        def step(name: str) -> None:
            found[name] = [plain(line, place) for line in scratch.lines]
            scratch.lines.clear()

        scratch.run("cat cases/upsample.yaml")
        step("case")
        scratch.run("conformance check")
        step("check")
        scratch.run("conformance run --on torch,jax --record first.db")
        step("red")
        scratch.edit("cases/upsample.yaml", "w: HWIO,", "w: HWIO flipped,")
        scratch.run("conformance run --on torch,jax --record second.db")
        step("green")
        scratch.run("conformance run --gate -q --on torch,jax --require torch,jax --record gate.db")
        step("gate")
        return found


def main() -> int:
    """Write the page; with --check, say whether it is what is printed."""
    old = text = PAGE.read_text(encoding="utf-8")
    for name, lines in transcripts().items():
        block = "\n".join(["```console", *lines, "```"])
        pattern = rf"(<!-- transcript {name} -->\n).*?(<!-- end -->)"
        text, count = re.subn(pattern, lambda m, block=block: f"{m[1]}{block}\n{m[2]}", text, flags=re.DOTALL)
        if count != 1:
            raise SystemExit(f"{count} places for {name}, expected 1")
    if "--check" in sys.argv:
        sys.stdout.write("" if text == old else text)
        return int(text != old)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
