"""Files of weights, read without running or unpickling anything of theirs: arrays by name.

.npz and .npy (NumPy), .safetensors, .pth, .pt, .ckpt and .bin (PyTorch since 1.6), .keras, .h5 and .hdf5 (Keras). What
a file is follows from its first bytes, not from its name.

https://huggingface.co/docs/safetensors/index#format
https://docs.pytorch.org/docs/stable/notes/serialization.html
"""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from conformance.usage import UsageError

Arrays: TypeAlias = dict[str, NDArray[Any]]

KINDS = ".npz, .npy, .safetensors, .pth (torch.save of a state_dict), .keras or .h5"
# The header of a .safetensors file, the pickle of a .pth file, and an entry that is stored smaller than it is: beyond
# them is no file of weights that anybody wrote.
MAX_HEADER, MAX_PICKLE, MAX_ENTRY = 2**27, 2**28, 2**31
MAX_ARRAYS, MAX_DEPTH = 100_000, 8
# As NumPy reads them; bfloat16, which NumPy has not, is widened.
_SAFE = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "bfloat16", "I64": "<i8", "I32": "<i4", "I16": "<i2"}
_SAFE |= {"I8": "i1", "U8": "u1", "BOOL": "?"}
_STORAGES = {"Double": "<f8", "Float": "<f4", "Half": "<f2", "BFloat16": "bfloat16", "Long": "<i8", "Int": "<i4"}
_STORAGES |= {"Short": "<i2", "Char": "i1", "Byte": "u1", "Bool": "?"}


def read_arrays(path: Path) -> Arrays:
    """The arrays of a file, by name (the one of an .npy file as `arr_0`); UsageError where it is none of these."""
    if path.exists() and not path.is_file():
        raise UsageError(f"{path} is no file; expected a file of weights: {KINDS}")
    try:
        with path.open("rb") as file:
            start = file.read(9)
        return _reader(path, start)(path)
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file; expected a file of weights: {KINDS}") from None
    except UsageError:
        raise
    except Exception as error:  # a malformed file may trip up its format's reader anywhere
        said = str(error) or type(error).__name__
        raise UsageError(f"{path} can't be read ({said}); expected {KINDS}; numpy.savez writes an .npz file") from None


def _reader(path: Path, start: bytes) -> Callable[[Path], Arrays]:
    if start.startswith(b"\x93NUMPY"):
        return lambda path: {"arr_0": np.load(path, allow_pickle=False)}
    if start.startswith(b"\x89HDF"):
        return lambda path: _hdf5(path, path)
    if start.startswith(b"PK"):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
        if any(name.rpartition("/")[2] == "data.pkl" for name in names):
            return _torch
        return _keras if "model.weights.h5" in names else _npz
    if start[:1] == b"\x80":
        raise UsageError(
            f"{path} is a pickle, which could run anything, or of PyTorch before 1.6; where you trust it, write it "
            "anew: torch.save(torch.load(FILE, weights_only=True), 'new.pth')"
        )
    if len(start) == 9 and start[8:] == b"{":
        return _safetensors
    raise UsageError(f"{path} can't be read: it is no file of weights that is known; expected {KINDS}")


def _npz(path: Path) -> Arrays:
    arrays = {}
    with np.load(path, allow_pickle=False) as found:
        for name in found.files:
            try:
                arrays[name] = found[name]
            except (ValueError, OSError, zipfile.BadZipFile) as error:
                raise UsageError(f"{path}: the array {name!r} can't be read ({error})") from None
    return arrays


def _safetensors(path: Path) -> Arrays:
    with path.open("rb") as file:
        [length] = struct.unpack("<Q", file.read(8))
        if length > MAX_HEADER:
            raise ValueError(f"its header has {length:,} bytes")
        header = json.loads(file.read(length))
    data = np.memmap(path, np.uint8, "r", offset=8 + length)
    arrays = {}
    for name, entry in header.items():
        if name != "__metadata__" and entry["dtype"] in _SAFE:
            start, stop = entry["data_offsets"]
            if not 0 <= start <= stop <= len(data):
                raise ValueError(f"{name!r} lies outside of the file")
            arrays[name] = _typed(data[start:stop], _SAFE[entry["dtype"]]).reshape(entry["shape"])
    return arrays


def _typed(data: NDArray[np.uint8], dtype: str) -> NDArray[Any]:
    """Bytes as numbers. A bfloat16 is the upper half of a float32."""
    if dtype != "bfloat16":
        return data.view(dtype)
    return (data.view("<u2").astype(np.uint32) << 16).view(np.float32)


# --- Keras ------------------------------------------------------------------------------------------------------------


def _keras(path: Path) -> Arrays:
    with zipfile.ZipFile(path) as archive:
        return _hdf5(path, io.BytesIO(_entry(archive, archive.getinfo("model.weights.h5"))))


def _hdf5(path: Path, source: Path | io.BytesIO) -> Arrays:
    try:
        import h5py  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise UsageError(
            f"{path} is an HDF5 file, which needs h5py (it comes with Keras); install it, or write an .npz file: "
            "numpy.savez('w.npz', *layer.get_weights())"
        ) from None
    arrays: Arrays = {}

    def visit(name: str, item: Any) -> None:
        # What another file holds is not read.
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "fiub" and not item.is_virtual and not item.external:
            arrays[name] = item[()]

    with h5py.File(source, "r") as file:
        file.visititems(visit)
    return arrays


# --- PyTorch ----------------------------------------------------------------------------------------------------------


class _Opaque:
    """In the place of every object of a pickle that is no tensor: it takes everything, and does nothing."""

    def __init__(self, *arguments: object, **words: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass

    def __setitem__(self, key: object, value: object) -> None:
        pass

    def append(self, value: object) -> None:
        """Nothing."""

    def extend(self, values: object) -> None:
        """Nothing."""


class _Storage:
    """The dtype of a storage, by the name of its class."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype


class _Unpickler(pickle.Unpickler):
    """Reads what torch.save wrote. No class or function of the pickle is looked up: tensors are made by ours."""

    def __init__(self, data: bytes, load: Callable[[str, str], NDArray[Any]]) -> None:
        super().__init__(io.BytesIO(data))
        self._load = load

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch._utils" and name in ("_rebuild_tensor", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch._utils" and name == "_rebuild_parameter":
            return _parameter
        if module == "torch" and name.endswith("Storage"):
            return _Storage(_STORAGES.get(name.removesuffix("Storage"), ""))
        return _Opaque

    def persistent_load(self, pid: Any) -> Any:
        _, storage, key, *_ = pid
        return self._load(str(key), storage.dtype if isinstance(storage, _Storage) else "")


def _parameter(data: object, *_: object) -> object:
    return data


def _tensor(storage: NDArray[Any], offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object) -> object:
    if storage.dtype == object:
        return _Opaque()  # of a dtype that is none of ours
    shape, steps = [int(n) for n in size], [int(n) for n in stride]
    last = offset + sum((n - 1) * s for n, s in zip(shape, steps, strict=True))
    if min([offset, *shape, *steps], default=0) < 0 or (all(shape) and last >= len(storage)):
        raise ValueError("a tensor lies outside of its storage")
    bytes_apart = [s * storage.itemsize for s in steps]
    return as_strided(storage[offset:], shape, bytes_apart, writeable=False)


def _torch(path: Path) -> Arrays:
    with zipfile.ZipFile(path) as archive:
        infos = {info.filename: info for info in archive.infolist()}
        pickled = next(name for name in infos if name.rpartition("/")[2] == "data.pkl")
        folder = pickled.removesuffix("data.pkl")
        if infos[pickled].file_size > MAX_PICKLE:
            raise ValueError(f"its data.pkl has {infos[pickled].file_size:,} bytes")
        if f"{folder}byteorder" in infos and _entry(archive, infos[f"{folder}byteorder"]).strip() == b"big":
            raise UsageError(f"{path} was written on a big-endian machine; write it anew on this one")

        def load(key: str, dtype: str) -> NDArray[Any]:
            if dtype not in _STORAGES.values():
                return np.empty(0, object)
            return _typed(_bytes(path, archive, infos[f"{folder}data/{key}"]), dtype)

        tree = _Unpickler(_entry(archive, infos[pickled]), load).load()
    arrays = dict(_named(tree, "", 0))
    if not arrays:
        raise UsageError(f"{path} has no tensors by name; torch.save(model.state_dict(), FILE) writes them")
    return arrays


def _bytes(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray[np.uint8]:
    """An entry's bytes: as they lie in the file, where they are stored so."""
    if info.compress_type != zipfile.ZIP_STORED:
        return np.frombuffer(_entry(archive, info), np.uint8)
    with path.open("rb") as file:
        file.seek(info.header_offset + 26)
        name, extra = struct.unpack("<HH", file.read(4))
    if not info.file_size:
        return np.empty(0, np.uint8)
    return np.memmap(path, np.uint8, "r", info.header_offset + 30 + name + extra, (info.file_size,))


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.compress_type != zipfile.ZIP_STORED and info.file_size > MAX_ENTRY:
        raise ValueError(f"{info.filename} has {info.file_size:,} bytes")
    return archive.read(info)


def _named(tree: object, prefix: str, depth: int) -> Iterator[tuple[str, NDArray[Any]]]:
    """The arrays in dictionaries of dictionaries; a checkpoint's `state_dict` or `model` adds nothing to a name."""
    if isinstance(tree, Mapping) and depth < MAX_DEPTH:
        count = 0
        for key, value in tree.items():
            if isinstance(key, str):
                inner = prefix if isinstance(value, Mapping) and key in _WHOLES else f"{prefix}{key}"
                joined = f"{inner}." if isinstance(value, Mapping) and inner and inner != prefix else inner
                for found in _named(value, joined, depth + 1):
                    count += 1
                    if count > MAX_ARRAYS:
                        raise ValueError(f"it has more than {MAX_ARRAYS:,} arrays")
                    yield found
    elif isinstance(tree, np.ndarray) and prefix:
        yield prefix, tree


_WHOLES = ("state_dict", "model", "model_state_dict", "params", "params_ema", "net", "generator", "module", "weights")
