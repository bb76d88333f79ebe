"""PyTorch's own test data: the samples of its OpInfo, its layers and its optimisers, and what it must refuse.

https://github.com/pytorch/pytorch/blob/main/torch/testing/_internal/opinfo/core.py
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
import torch
from ml_dtypes import bfloat16
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.common_modules import module_db
from torch.testing._internal.common_optimizers import optim_db

from tests.others.points import AnyArray, Found, NotExpressible, Point, Read, named
from tests.others.torch_readers import COMPLEX, LAYERS, READERS, Reader

FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
WHOLE = (torch.int64, torch.int32, torch.uint8, torch.bool)
PAIRS = (torch.complex64, torch.complex128)
SAMPLES = 30  # of one function in one dtype
OTHERS = 8  # in another dtype than float32 or float64
FEW = 6  # where only some functions are asked
STEPS = 3

# Points of which it is known why they don't agree: a pattern of their names, and whose fault it is.
KNOWN: dict[str, str] = {
    "nn.functional.hardtanh error 0": "our definition has an answer for any two bounds",
    "nn.functional.max_pool.d error .*": "our definition pads by more than half of the window, too",
    "mean error 0": "our definition has a mean of integers",
    "nn.LPPool(1d 0|2d 2|3d 2)": "PyTorch takes x, not |x|, to a power that is no even number: NaN below 0",
    "narrow error .*": "a start from which a slice would reach beyond x is moved by our definition",
    "gather error .*": "our definition refuses no number of an index: a case can draw none that is beyond x",
    "signal.windows..* error .*": "our definition has windows of any dtype",
    "(fmod|remainder|floor_divide|div.*) error .*": "by the integer 0 any answer is right",
}


def points(some: int = 0, seed: int = 0) -> Found:
    """Every sample of a function that is read here; or `some` functions, drawn by the seed, and a few samples of each.

    What can't be said comes as (function, name, reason).
    """
    infos = {info.name + ("." + info.variant_test_name if info.variant_test_name else ""): info for info in op_db}
    missing = [name for name in READERS if name not in infos]
    assert not missing, missing
    names = random.Random(seed).sample(sorted(READERS), min(some, len(READERS))) if some else list(READERS)
    warnings.simplefilter("ignore")
    for name in names:
        yield from _samples(name, infos[name], FEW if some else SAMPLES, FLOATS[:1] if some else None)
        yield from _refused(name, infos[name], FEW if some else SAMPLES)
    if not some:
        yield from _layers()
        yield from _optimised()


def functions() -> int:
    """How many functions PyTorch has samples of."""
    return len(op_db)


def _samples(name: str, info: Any, most: int, dtypes: Any) -> Found:
    for dtype in dtypes or (*FLOATS, *WHOLE, *(PAIRS if name in COMPLEX else ())):
        if dtype not in info.dtypes:
            continue
        torch.manual_seed(0)
        few = most if dtype in FLOATS[:2] else min(most, OTHERS)
        for number, sample in enumerate(islice(info.sample_inputs("cpu", dtype), few)):
            full = f"{name} {_word(dtype)} {number}"
            try:
                read = _read(READERS[name], sample)
            except NotExpressible as reason:
                yield name, full, str(reason)
                continue
            try:
                found = info.op(sample.input, *sample.args, **sample.kwargs)
            except (RuntimeError, ValueError, IndexError, TypeError) as error:
                yield name, full, f"PyTorch itself: {str(error).splitlines()[0]}"
                continue
            yield Point(full, read, _answers(found), "torch", dtype=_real(dtype))


def _refused(name: str, info: Any, most: int) -> Found:
    """What PyTorch's tests say that it must refuse."""
    if info.error_inputs_func is None:
        return
    for number, error in enumerate(islice(info.error_inputs("cpu"), most)):
        full, sample = f"{name} error {number}", error.sample_input
        try:
            read = _read(READERS[name], sample)
        except NotExpressible as reason:
            yield name, full, f"an error: {reason}"
            continue
        said = str(error.error_regex).replace("\\", "")
        yield Point(full, read, (), "torch", refused=said.partition("\n")[0][:100] or "refused")


def _read(reader: Reader, sample: Any) -> Read:
    try:
        arguments = [_array(value) for value in (sample.input, *sample.args)]
        return reader(*arguments, **{key: _array(value) for key, value in sample.kwargs.items()})
    except TypeError as error:
        raise NotExpressible(str(error).rpartition("() ")[2]) from None
    except NotExpressible:
        raise
    except Exception as error:
        raise NotExpressible(f"no reading: {type(error).__name__}: {error}") from None


def _array(value: Any) -> Any:
    if isinstance(value, list | tuple) and any(isinstance(v, torch.Tensor) for v in value):
        return [_array(v) for v in value]
    if not isinstance(value, torch.Tensor):
        return value
    value = value.detach().resolve_conj().resolve_neg()
    return value.float().numpy().astype(bfloat16) if value.dtype == torch.bfloat16 else value.numpy()


def _answers(found: Any) -> list[AnyArray]:
    return [_array(one) for one in (found if isinstance(found, tuple | list) else (found,))]


def _word(dtype: torch.dtype) -> str:
    return str(dtype).rpartition(".")[2]


def _real(dtype: torch.dtype) -> str:
    """The dtype of the case: of integers, that of the real numbers that may come of them."""
    if dtype.is_complex:
        return "float32" if dtype == torch.complex64 else "float64"
    return _word(dtype) if dtype.is_floating_point else "float32"


def _layers() -> Found:
    """Layers that no function of OpInfo is, recurrent ones among them, or that are given more than functions are."""
    for info in module_db:
        if info.name not in LAYERS and info.name not in _GATES:
            continue
        torch.manual_seed(0)
        inputs = info.module_inputs_func(info, "cpu", torch.float32, False, False)
        for number, given in enumerate(islice(inputs, SAMPLES)):
            name = f"{info.name} {number}"
            made, asked = given.constructor_input, given.forward_input
            layer = info.module_cls(*made.args, **made.kwargs)
            try:
                if info.name in LAYERS:
                    read = LAYERS[info.name](*map(_array, asked.args), *made.args, **made.kwargs)
                else:
                    read = _recurrent(info.name, layer, asked)
            except NotExpressible as reason:
                yield info.name, name, str(reason)
                continue
            found = layer(*asked.args, **asked.kwargs)
            flat = found if isinstance(found, torch.Tensor) else (found[0], *_flat(found[1]))
            yield Point(name, read, _answers(flat), "torch")


# Layer -> the op, and how many gates.
_GATES = {"nn.LSTM": ("lstm", 4), "nn.GRU": ("gru", 3), "nn.RNN": ("simple_rnn", 1)}


def _flat(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


def _recurrent(name: str, layer: Any, asked: Any) -> Read:
    op, gates = _GATES[name]
    x, *state = asked.args
    state = list(_flat(state[0])) if state and state[0] is not None else []
    if layer.num_layers > 1 or layer.bidirectional or getattr(layer, "proj_size", 0):
        raise NotExpressible("of several layers, two directions or a projection")
    if isinstance(x, torch.nn.utils.rnn.PackedSequence):
        raise NotExpressible("of a packed sequence")
    weights = {key: _array(value) for key, value in layer.named_parameters()}
    units, features = layer.hidden_size, layer.input_size
    zero = np.zeros(gates * units, np.float32)
    b, rb = (weights.get(f"bias_{of}_l0", zero) for of in ("ih", "hh"))
    batched = x.ndim == 3

    def turn(a: AnyArray) -> AnyArray:
        """As with the batch first."""
        return a[None] if not batched else a if layer.batch_first else np.swapaxes(a, 0, 1)

    x = turn(_array(x))
    first = [_array(h) for h in state] or [np.zeros((1, x.shape[0], units), np.float32)] * (1 + (op == "lstm"))
    hidden = dict(zip(("h0", "c0"), (h.reshape(x.shape[0], units) for h in first), strict=False))
    params = {"batch": x.shape[0], "steps": x.shape[1], "features": features, "units": units}
    params |= {"activation": layer.nonlinearity} if op == "simple_rnn" else {}
    inputs = {"x": x, "w": weights["weight_ih_l0"], "r": weights["weight_hh_l0"], **hidden}
    inputs |= {"b": b, "rb": rb} if op == "gru" else {"b": b + rb}

    def outputs(answers: Any) -> Mapping[str, AnyArray]:
        y, *last = answers
        return {"y": turn(y), **{n: a.reshape(x.shape[0], units) for n, a in zip("hc", last, strict=False)}}

    return Read(op, params, inputs, outputs)


def _optimised() -> Iterator[Point | tuple[str, str, str]]:
    """Some steps of each optimiser with the arguments that its OptimizerInfo has."""
    for info in optim_db:
        name = info.optim_cls.__name__
        if name not in _OPTIMISERS:
            continue
        for given in info.optim_inputs_func("cpu", torch.float32):
            full = f"{name} {given.desc}"
            said = {key: float(v) if isinstance(v, torch.Tensor) else v for key, v in given.kwargs.items()}
            try:
                params = _OPTIMISERS[name](**said)
            except TypeError as error:
                yield name, full, str(error).rpartition("() ")[2]
                continue
            draw = np.random.RandomState(0)
            x, g = draw.standard_normal((4,)).astype(np.float32), draw.standard_normal((STEPS, 4)).astype(np.float32)
            moved = torch.nn.Parameter(torch.tensor(x))
            try:
                optimiser = info.optim_cls([moved], **{**said, "foreach": False})
                for step in g:
                    moved.grad = torch.tensor(step)
                    optimiser.step()
            except (RuntimeError, ValueError, AssertionError) as error:
                yield name, full, f"PyTorch itself: {str(error).splitlines()[0]}"
                continue
            if said.get("maximize"):
                g = -g
            read = Read(name.lower(), {"shape": [4], "steps": STEPS, **params}, {"x": x, "g": g}, named("y"))
            yield Point(full, read, _answers(moved), "torch")


def _adam(
    lr: float = 1e-3, betas: Any = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0.0, **free: Any
) -> Any:
    params = {"rate": lr, "beta1": betas[0], "beta2": betas[1], "epsilon": eps, "decay": weight_decay}
    return {**params, **_amsgrad(**free)}


def _amsgrad(amsgrad: bool = False, maximize: bool = False, capturable: bool = False, fused: bool = False) -> Any:
    return {"amsgrad": amsgrad}


def _sgd(
    lr: float = 1e-3, momentum: float = 0.0, weight_decay: float = 0.0, nesterov: bool = False, **free: Any
) -> Any:
    return {"rate": lr, "momentum": momentum, "decay": weight_decay, "nesterov": nesterov, **_free(**free)}


def _free(maximize: bool = False, capturable: bool = False, fused: bool = False, differentiable: bool = False) -> Any:
    return {}


def _rmsprop(
    lr: float = 1e-2, alpha: float = 0.99, eps: float = 1e-8, centered: bool = False, momentum: float = 0.0, **free: Any
) -> Any:
    words = {"rate": lr, "decay": alpha, "epsilon": eps, "centered": centered, "momentum": momentum}
    return {**words, **_free(**free)}


def _adagrad(lr: float = 1e-2, initial_accumulator_value: float = 0.0, eps: float = 1e-10, **free: Any) -> Any:
    return {"rate": lr, "start": initial_accumulator_value, "epsilon": eps, **_free(**free)}


_OPTIMISERS = {
    "Adam": _adam,
    "AdamW": lambda **given: _adam(**{"weight_decay": 1e-2, **given}),
    "SGD": _sgd,
    "RMSprop": _rmsprop,
    "Adagrad": _adagrad,
}
