"""The line that converts weights against layout.py, and what is said to files that don't fit."""

from __future__ import annotations

import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.environments.installed import missing
from conformance.layout import from_layout, parse_layout, to_layout
from conformance.recipe.read import read_call
from conformance.recipe.weight_files import read_arrays
from conformance.recipe.weights import choose, convert, find_kernel, formula
from conformance.target import parse_target
from conformance.usage import UsageError

KERAS = read_call('keras.layers.Conv2DTranspose(4, 3, strides=2, padding="same")', (1, 5, 6, 3))

# Layouts in which frameworks store a kernel of GIOHW, with one group or several.
ONE = ["HWOI", "HWIO", "IOHW", "OIHW", "HWIO flipped", "IOHW flipped W", "OIHW flipped", "(GI)OHW", "I(GO)HW flipped"]
MANY = ["(GI)OHW", "(GO)IHW", "HWI(GO)", "HWO(GI)", "HWI(GO) flipped", "(GO)IHW flipped H", "GIOHW", "HWGIO"]


def converted(source: str, target: str, array: np.ndarray, sizes: dict[str, int]) -> np.ndarray:
    text = formula(parse_layout(source), parse_layout(target), sizes, "kernel")
    return convert([f"weight = {text}"], {"kernel": array})["weight"]


@settings(deadline=None, max_examples=300)
@given(
    groups=st.sampled_from([1, 1, 2, 3]),
    inner=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    spatial=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    data=st.data(),
)
def test_the_printed_line_is_what_the_two_layouts_say(
    groups: int, inner: tuple[int, int], spatial: tuple[int, int], data: st.DataObject
) -> None:
    layouts = ONE if groups == 1 else MANY
    source, target = data.draw(st.sampled_from(layouts)), data.draw(st.sampled_from(layouts))
    shape = (groups, *inner, *spatial)
    sizes = dict(zip("GIOHW", shape, strict=True))
    canonical = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    array = to_layout(canonical, "GIOHW", parse_layout(source))
    wanted = to_layout(canonical, "GIOHW", parse_layout(target))
    assert np.array_equal(from_layout(array, "GIOHW", parse_layout(source), sizes), canonical)
    found = converted(source, target, array, sizes)
    assert found.shape == wanted.shape
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize(
    ("source", "target", "text"),
    [
        ("HWOI", "HWOI", "kernel"),
        ("HWOI", "IOHW", "np.transpose(kernel, (3, 2, 0, 1))"),
        ("HWOI", "HWIO flipped", "np.ascontiguousarray(np.transpose(kernel[::-1, ::-1], (0, 1, 3, 2)))"),
        ("IOHW", "IOHW flipped", "np.ascontiguousarray(kernel[:, :, ::-1, ::-1])"),
    ],
)
def test_the_line_is_short(source: str, target: str, text: str) -> None:
    sizes = {"G": 1, "I": 2, "O": 5, "H": 3, "W": 3}
    assert formula(parse_layout(source), parse_layout(target), sizes, "kernel") == text


def test_a_flip_of_a_kernel_of_one_is_left_out() -> None:
    sizes = {"G": 1, "I": 2, "O": 5, "H": 1, "W": 3}
    text = formula(parse_layout("HWIO"), parse_layout("HWIO flipped"), sizes, "w")
    assert text == "np.ascontiguousarray(w[:, ::-1])"


@pytest.mark.parametrize("names", [("kernel", "bias"), ("weight", "b"), ("arr_0", "arr_1"), ("filters", "bias")])
def test_arrays_are_known_by_the_names_that_frameworks_give_them(names: tuple[str, str], tmp_path: Path) -> None:
    kernel, bias = np.ones((3, 3, 4, 3), np.float32), np.zeros(4, np.float32)
    np.savez(tmp_path / "w.npz", **{names[0]: kernel, names[1]: bias})
    arrays = read_arrays(tmp_path / "w.npz")
    assert find_kernel(tmp_path / "w.npz", arrays) == names[0]
    own = choose(tmp_path / "w.npz", arrays, KERAS)
    assert own["w"].shape == kernel.shape
    assert own["b"].shape == bias.shape


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        (
            {"kernel": np.ones((3, 3, 3, 4)), "bias": np.ones(4)},
            r"shape \(3, 3, 3, 4\).*has shape \(3, 3, 4, 3\) \(HWOI\)",
        ),
        ({"kernel": np.ones((3, 3, 4, 3)), "bias": np.ones(3)}, r"'bias' has shape \(3,\).*has shape \(4,\)"),
        ({"kernel": np.ones((3, 3, 4, 3))}, "expected one array for the bias"),
        ({"kernel": np.ones(1), "weight": np.ones(1), "bias": np.ones(1)}, "expected one array for the kernel"),
        (
            {"kernel": np.ones((3, 3, 4, 3)), "bias": np.ones(4), "gamma": np.ones(4)},
            "'gamma' that the call has no use",
        ),
        ({"kernel": np.ones((3, 3, 4, 3), np.int32), "bias": np.ones(4)}, "dtype int32"),
    ],
)
def test_what_does_not_fit_is_refused(arrays: dict[str, np.ndarray], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        choose(Path("w.npz"), arrays, KERAS)


def test_a_file_that_is_no_file_of_arrays(tmp_path: Path) -> None:
    (tmp_path / "w.npz").write_text("no arrays")
    with pytest.raises(UsageError, match="can't be read"):
        read_arrays(tmp_path / "w.npz")
    with pytest.raises(UsageError, match="no such file"):
        read_arrays(tmp_path / "absent.npz")
    np.savez(tmp_path / "o.npz", kernel=np.array([{}], dtype=object))
    with pytest.raises(UsageError, match="can't be read"):
        read_arrays(tmp_path / "o.npz")


# Written by the frameworks themselves, in a process of their own: argv[1] is the folder.
_WRITE = {
    "torch": """
import sys, torch
from pathlib import Path
model = torch.nn.Module()
model.decoder = torch.nn.Module()
model.decoder.up = torch.nn.ConvTranspose2d(3, 4, 3, stride=2)
model.decoder.other = torch.nn.ConvTranspose2d(3, 4, 3, stride=2)
model.down = torch.nn.Conv2d(3, 8, 3, bias=False)
torch.manual_seed(0)
for parameter in model.parameters():
    parameter.data = torch.randint(-4, 5, parameter.shape).float()
parameters = {"state_dict": model.state_dict(), "epoch": 3, "where": Path("x"), "half": torch.ones(2).bfloat16()}
torch.save(model.state_dict(), sys.argv[1] + "/state.pth")
torch.save(parameters, sys.argv[1] + "/lightning.ckpt")
torch.save({"up.weight": model.decoder.up.weight.transpose(0, 1)}, sys.argv[1] + "/view.pt")
torch.save(model.state_dict(), sys.argv[1] + "/old.pth", _use_new_zipfile_serialization=False)
import numpy
numpy.savez(sys.argv[1] + "/truth.npz", **{k: v.numpy() for k, v in model.state_dict().items()})
""",
    "keras": """
import sys, numpy, keras
inputs = keras.Input((5, 6, 3))
layer = keras.layers.Conv2DTranspose(4, 3, strides=2, padding="same", name="up")
model = keras.Model(inputs, keras.layers.Conv2D(2, 1, name="last")(layer(inputs)))
model.save(sys.argv[1] + "/model.keras")
model.save_weights(sys.argv[1] + "/own.weights.h5")
model.save(sys.argv[1] + "/old.h5")
kernel, bias = layer.get_weights()
numpy.savez(sys.argv[1] + "/truth.npz", kernel=kernel, bias=bias)
""",
}


def written_by(framework: str, folder: Path) -> dict[str, np.ndarray]:
    if missing(parse_target("keras/tensorflow" if framework == "keras" else framework)):
        pytest.skip(f"{framework} is not installed")
    subprocess.run([sys.executable, "-c", _WRITE[framework], str(folder)], check=True, capture_output=True)
    return dict(np.load(folder / "truth.npz"))


def test_what_pytorch_saves_is_read_without_it(tmp_path: Path) -> None:
    truth = written_by("torch", tmp_path)
    call = read_call("self.up = nn.ConvTranspose2d(3, 4, 3, stride=2)", (1, 3, 5, 6))
    for name in ("state.pth", "lightning.ckpt"):
        arrays = read_arrays(tmp_path / name)
        assert set(truth) <= set(arrays)
        own = choose(tmp_path / name, arrays, call)
        assert np.array_equal(own["w"], truth["decoder.up.weight"])
        assert np.array_equal(own["b"], truth["decoder.up.bias"])
    assert np.array_equal(arrays["half"], np.ones(2))
    [view] = read_arrays(tmp_path / "view.pt").values()
    assert np.array_equal(view, truth["decoder.up.weight"].transpose(1, 0, 2, 3))
    nameless = read_call("nn.ConvTranspose2d(3, 4, 3, stride=2)", (1, 3, 5, 6))
    with pytest.raises(UsageError, match=r"2 layers that fit: decoder\.up, decoder\.other; choose one with --layer"):
        choose(tmp_path / name, arrays, nameless)
    own = choose(tmp_path / name, arrays, nameless, "other")
    assert np.array_equal(own["w"], truth["decoder.other.weight"])
    with pytest.raises(UsageError, match=r"no kernel of a layer 'ups'"):
        choose(tmp_path / name, arrays, nameless, "ups")
    with pytest.raises(UsageError, match=r"expected the shape \(3, 9, 3, 3\)"):
        choose(tmp_path / name, arrays, read_call("nn.ConvTranspose2d(3, 9, 3)", None))
    with pytest.raises(UsageError, match="is a pickle, which could run anything"):
        read_arrays(tmp_path / "old.pth")


def test_what_keras_saves_is_read_without_it(tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    truth = written_by("keras", tmp_path)
    for name in ("model.keras", "own.weights.h5", "old.h5"):
        own = choose(tmp_path / name, read_arrays(tmp_path / name), KERAS)
        assert np.array_equal(own["w"], truth["kernel"]), name
        assert np.array_equal(own["b"], truth["bias"]), name


def test_nothing_in_a_pickle_is_run(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.system, (f"touch {tmp_path}/ran",)

    for tree in ({"up.weight": Evil()}, Evil()):
        with zipfile.ZipFile(tmp_path / "evil.pth", "w") as archive:
            archive.writestr("evil/data.pkl", pickle.dumps(tree))
        with pytest.raises(UsageError, match="has no tensors by name"):
            read_arrays(tmp_path / "evil.pth")
    (tmp_path / "evil.pkl").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(UsageError, match="is a pickle, which could run anything"):
        read_arrays(tmp_path / "evil.pkl")
    assert not (tmp_path / "ran").exists()


def safetensors(path: Path, header: dict[str, Any], data: bytes) -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def test_safetensors(tmp_path: Path) -> None:
    kernel = np.arange(108, dtype=np.float32).reshape(3, 3, 4, 3)
    header = {
        "__metadata__": {"format": "pt"},
        "up.kernel": {"dtype": "F32", "shape": [3, 3, 4, 3], "data_offsets": [0, 432]},
        "up.bias": {"dtype": "BF16", "shape": [4], "data_offsets": [432, 440]},
    }
    bias = np.array([1, -2, 0.5, 3], np.float32)
    halves = (bias.view(np.uint32) >> 16).astype(np.uint16)
    path = safetensors(tmp_path / "w.safetensors", header, kernel.tobytes() + halves.tobytes())
    own = choose(path, read_arrays(path), KERAS)
    assert np.array_equal(own["w"], kernel)
    assert np.array_equal(own["b"], bias)
    header["up.bias"]["data_offsets"] = [432, 4400]  # type: ignore[index]
    with pytest.raises(UsageError, match=r"'up\.bias' lies outside of the file"):
        read_arrays(safetensors(path, header, b"\0" * 440))


def test_a_tensor_beyond_its_storage_is_refused(tmp_path: Path) -> None:
    # What torch.save writes, by hand: a tensor of 3x3x4x3 over a storage of 4 numbers.
    pickled = (
        b"\x80\x02}X\x06\x00\x00\x00weightctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\n"
        b"FloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQK\x00(K\x03K\x03K\x04K\x03t(K\x24K\x0cK\x03K\x01t"
        b"\x89ccollections\nOrderedDict\n)RtRs."
    )
    with zipfile.ZipFile(tmp_path / "w.pth", "w") as archive:
        archive.writestr("w/data.pkl", pickled)
        archive.writestr("w/data/0", np.ones(4, np.float32).tobytes())
    with pytest.raises(UsageError, match="a tensor lies outside of its storage"):
        read_arrays(tmp_path / "w.pth")
