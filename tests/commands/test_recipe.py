"""`conformance recipe` as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from conformance.environments.installed import missing
from conformance.ops.defined import DEFINED
from conformance.target import parse_target
from tests.patience import LONG

ROOT = Path(__file__).resolve().parents[2]
TORCH = "torch.nn.ConvTranspose2d(3, 4, 3, stride=2)"

needs = pytest.mark.skipif(any(missing(parse_target(name)) for name in ("torch", "jax")), reason="needs torch and jax")


def recipe(*words: str, cwd: Path, timeout: float = LONG) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    argv = [sys.executable, "-m", "conformance", "recipe", *words]
    return subprocess.run(argv, cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout, check=False)


@needs
def test_weights_are_converted_and_what_is_printed_runs_where_this_package_is_not(tmp_path: Path) -> None:
    stream = np.random.RandomState(0)
    weight = stream.standard_normal((3, 3, 4, 2)).astype(np.float32)
    np.savez(tmp_path / "mine.npz", rhs=weight)
    call = "jax.lax.conv_transpose(x, w, (2, 2), 'SAME')"
    done = recipe(call, "--on", "torch", "--input", "1,5,6,4", "--weights", "mine.npz", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    [entry] = document["targets"]
    assert entry["verified"]
    assert entry["verification"]["elements"] == 10 * 12 * 2
    assert 0 <= entry["verification"]["target"]["error"] < 1
    assert entry["weights_file"]["right"]
    with np.load(tmp_path / "mine.torch.npz") as converted:
        assert np.array_equal(converted["weight"], weight[::-1, ::-1].transpose(2, 3, 0, 1))
    # Paste it: nothing but NumPy and PyTorch, and the names that the user's code has.
    [name] = document["weights"]
    script = (
        "import numpy as np, torch\n"
        "x = torch.as_tensor(np.load('x.npy'))\n"
        f"{name} = np.load('mine.npz')['rhs']\n"
        f"{entry['code']}\n"
        "np.save('y.npy', y.detach().numpy())\n"
    )
    theirs = (
        f"import numpy as np, jax\nx, w = np.load('x.npy'), np.load('mine.npz')['rhs']\nnp.save('right.npy', {call})\n"
    )
    np.save(tmp_path / "x.npy", stream.standard_normal((1, 5, 6, 4)).astype(np.float32))
    for text in (script, theirs):
        subprocess.run([sys.executable, "-I", "-c", text], cwd=tmp_path, check=True, timeout=LONG)
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), np.load(tmp_path / "right.npy"), rtol=1e-5, atol=1e-5)


@needs
def test_it_says_what_was_verified_where_and_how_well(tmp_path: Path) -> None:
    done = recipe(TORCH, "--on", "jax", "--input", "1,3,5,6", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    text = done.stdout
    assert "--- jax ---" in text
    assert "transpose_kernel=True" in text
    assert "naive: jax.lax.conv_transpose(" in text
    assert "explained: " in text
    assert "verified: torch " in text
    assert " and jax " in text
    assert "equal on integers (572 elements)" in text
    assert "of what float32 allows" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["conv(", "--on", "torch"], ""),
        ([TORCH, "--on", "torhc"], "did you mean 'torch'?"),
        ([TORCH, "--on", "numpy"], "no code can be verified on numpy"),
        ([TORCH, "--on", "torch:meta"], "no code can be verified on torch:meta"),
        ([TORCH, "--on", "jax", "--input", "1,a"], "--input is '1,a', expected lengths"),
        ([TORCH, "--on", "jax", "--input", "1,3,900000,900000"], "products, at most"),
        ([TORCH, "--on", "jax", "--input", "1,3,\u00b2,5"], "expected lengths"),
        ([TORCH, "--on", "jax", "--input", "1,3,5," + "9" * 5000], "a number of 5,000 digits, expected at most 400"),
        (["nn.Conv2d(3, 4, 0x" + "f" * 5000 + ")", "--on", "jax"], "an integer of 20000 bits, expected at most 63"),
        (["nn.Conv2d(3, 4, 3, bias=-0x" + "f" * 17 + ")", "--on", "jax"], "an integer of 68 bits"),
        (["nn.Conv2d(3, 4, 9999999999 * 9999999999)", "--on", "jax"], "an integer of 67 bits"),
        (["nn.Conv2d(3, 4, [1]" + " * 5" * 14 + ")", "--on", "jax"], "a sequence of 125 entries, expected at most 64"),
        (["nn.Conv2d(3, 4, 1" + " + 1" * 900 + ")", "--on", "jax"], "nested too deeply"),
        (["nn.Conv2d(3, 4, " + "-" * 7000 + "1)", "--on", "jax"], "nested too deeply"),
        (["nn.Conv2d(3, 4, " + "-" * 9000 + "1)", "--on", "jax"], "the call has 9,0"),
        ([TORCH, "--on", "jax", "--weights", "absent.npz"], "no such file"),
        ([TORCH, "--on", "jax", "--shape", "x=1,3,4,4"], "--shape is of calls that are no convolutions"),
        ([TORCH, "--on", "jax", "-o", "out.npz"], "expected --weights FILE"),
        ([TORCH, "--on", "jax,torch", "--weights", "w.npz", "-o", "out.npz"], "several targets"),
        ([TORCH, "--on", "jax", "--weights", "w.npz"], "has shape (3, 4, 2, 2), but in"),
    ],
)
def test_bad_input_gets_one_message(words: list[str], said: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", weight=np.ones((3, 4, 2, 2)), bias=np.ones(4))
    done = recipe(*words, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.startswith("conformance: ")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@needs
def test_nothing_verified_is_exit_code_3(tmp_path: Path) -> None:
    call = "torch.nn.Conv2d(4, 4, 3, stride=2, dilation=2)"
    done = recipe(call, "--on", "keras/tensorflow", "--input", "1,4,7,7", cwd=tmp_path)
    assert done.returncode == 3, done.stdout
    assert "no recipe: " in done.stdout
    assert "in conjunction with dilation_rate" in done.stdout


def test_which_padding_gives_a_length(tmp_path: Path) -> None:
    call = "nn.ConvTranspose2d(in_ch, 8, 4, stride=2)"
    done = recipe(call, "--let", "in_ch=8", "--input", "1,8,7,7", "--length", "14", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "gives 16x16; for 14x14:\n    padding=1\n" in done.stdout
    none = recipe("layers.Conv2DTranspose(8, 3, 2)", "--input", "1,7,7,8", "--length", "21", "--json", cwd=tmp_path)
    assert none.returncode == 1, none.stderr
    document = json.loads(none.stdout)
    assert (document["found"], document["nearest"][0]["gives"]) == ([], [16, 16])
    assert recipe(call, "--length", "14", cwd=tmp_path).returncode == 2


@needs
def test_weights_of_one_layer_of_a_checkpoint(tmp_path: Path) -> None:
    kernel, bias = np.ones((3, 4, 2, 2), np.float32), np.zeros(4, np.float32)
    np.savez(tmp_path / "m.npz", **{"a.up.weight": kernel, "a.up.bias": bias, "b.up.weight": kernel, "b.up.bias": bias})
    words = ["nn.ConvTranspose2d(3, 4, 2, stride=2)", "--on", "jax", "--input", "1,3,4,4", "--weights", "m.npz"]
    several = recipe(*words, cwd=tmp_path)
    assert several.returncode == 2
    assert "2 layers that fit: a.up, b.up; choose one with --layer a.up" in several.stderr
    done = recipe(*words, "--layer", "b.up", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "weights: written to m.jax.npz" in done.stdout


known = pytest.mark.skipif("topk" not in DEFINED, reason="there is no op topk")


@needs
@known
def test_a_call_of_another_op_is_read_by_words(tmp_path: Path) -> None:
    done = recipe("torch.topk(x, 3, dim=1)", "--on", "jax", "--input", "4,6", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert (document["op"], document["function"], document["shapes"]) == ("topk", "torch.topk", {"x": [4, 6]})
    assert document["parameters"]["k"] == 3
    [entry] = document["targets"]
    assert entry["verified"]
    assert "jax.lax.top_k(x, 3)" in entry["code"]
    assert entry["verification"]["elements"] == 2 * 4 * 3


@known
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["torch.topk(x, 3, sorted=False)", "--on", "jax"], "sorted is False, expected True"),
        (["torch.topk(x, n)", "--on", "jax"], "k is n, expected"),
        (["torch.topk(x, 3)", "--on", "jax", "--input", "2"], "x has the shape 2, expected one such as"),
        (["torch.topk(x, 3)", "--on", "jax", "--shape", "x"], "expected a tensor's name and its lengths"),
        (["torch.topk(x, 3)", "--on", "jax", "--weights", "w.npz"], "are of convolutions"),
        (["torch.topk(x, 3)", "--on", "jax", "--input", "9000,9000"], "at most 16,777,216 are taken"),
        (["torch.topkk(x, 3)", "--on", "jax"], "did you mean torch.topk"),
        (["topk(x, 3)", "--on", "jacks"], "--on: "),
    ],
)
def test_what_words_can_not_mean_gets_one_message(words: list[str], said: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", weight=np.ones(2))
    done = recipe(*words, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.startswith("conformance: ")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
