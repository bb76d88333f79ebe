"""What a framework is to the worker: one small class each (its `runtime.py`), all with the same methods.

Nothing here imports a framework before `load` is called, because most of what decides how a framework computes
(threads, oneDNN, devices, the Keras backend) is read from the environment at its import: see `environment.py`.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from types import CodeType, MappingProxyType
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

import numpy as np

from .environment import Config as Config  # noqa: PLC0414 # for the runtimes
from .processor import within
from .rooms import RUNTIME, load_file
from .statements import split_once

if TYPE_CHECKING:
    NDArray = np.ndarray[Any, Any]
else:
    NDArray = np.ndarray  # old versions of NumPy have no generic one
Function = Callable[..., Any]
# What an answer holds: the framework's word for the dtype, the shape, and the words (None where there are no values).
Answered = Tuple[str, Tuple[int, ...], Optional[NDArray]]
# What a plan's function returns, in the framework's own tensors: each output by its name.
Outputs = Dict[str, Any]


class Unavailable(Exception):
    """The framework can't run here: it is not installed, or the device is not there. Says why."""


class Refused(Exception):
    """This framework can't be asked that in this mode, or its answer is nothing that can travel. Says why."""


class GradientFailed(Exception):
    """The forward call was answered, its gradient was not; the cause is the framework's own error."""


class Runtime:
    """One framework in one mode on one device.

    A runtime moves arrays in and out, turns a plan's function into what its mode runs, and runs it with or without
    a gradient. Errors of the framework come out as they are.
    """

    # The names that a plan may begin a dotted name with, and what they stand for.
    roots: Dict[str, Any]
    # Whether the mode compiles functions: then what a plan makes without its inputs (layers) is made outside of them.
    compiles = False
    # Whether a prepared function belongs to one signature (shapes and dtypes), because something is compiled for it.
    specialised = False
    # What plans find as Python's builtins: the whitelist lets them name nothing. C code that imports a module
    # (`torch.tensor`) looks for __import__ in the builtins of whoever called it.
    builtins: Mapping[str, Any] = MappingProxyType({"__import__": __import__})
    # After how many prepared functions `forget` is called, so that memory stays flat.
    keep = 256
    # Which of what `info` says is the version that a target's `==version` names.
    versioned = "version"

    def __init__(self, config: Config) -> None:
        self.config = config

    def info(self) -> Dict[str, Any]:
        """What a report should know: `version`, `devices`, and `flags` that decide how the framework computes.

        Where its libraries say which instruction set they use, `libraries` holds that: name -> their word.
        """
        raise NotImplementedError

    def begin(self, dtypes: Sequence[str]) -> None:
        """Called with the dtypes of its inputs before a request is looked at."""

    def from_numpy(self, array: NDArray, dtype: str) -> Any:
        """A tensor of its own memory; bfloat16 comes as uint16 words."""
        raise NotImplementedError

    def to_numpy(self, value: Any) -> Answered:
        """A tensor's dtype, its shape, and an array of its words as they lie; Refused where it is none."""
        raise NotImplementedError

    def prepare(self, function: Function) -> Function:
        """What this mode runs for a plan's function, which takes tensors and returns the outputs by name."""
        return function

    def run(self, function: Function, tensors: List[Any]) -> Outputs:
        """The outputs; they are finished when this returns or when `to_numpy` does."""
        outputs: Outputs = function(*tensors)
        return outputs

    def run_with_gradient(
        self, function: Function, tensors: List[Any], wanted: Sequence[int], cotangents: Outputs
    ) -> Tuple[Outputs, List[Any]]:
        """The outputs, and for each wanted input the gradient of the sum of <cotangent, output> over the cotangents.

        An output without a cotangent takes no part in it. No gradients where an output has another shape than its
        cotangent: then the shape is what is wrong. GradientFailed where only the gradient was refused.
        """
        raise NotImplementedError

    def forget(self) -> None:
        """Drop what the framework keeps for functions that will not be called again."""


def runtime_of(config: Config) -> Runtime:
    """A framework's runtime, from the file in its room; Unavailable where there is none."""
    try:
        module = load_file(config.room(config.framework), RUNTIME)
    except FileNotFoundError as error:
        raise Unavailable("no runtime for %r: there is no %s" % (config.framework, error)) from None
    except Exception as error:  # a broken room is a reason, not a crash
        raise Unavailable("the runtime of %r: %s: %s" % (config.framework, type(error).__name__, error)) from None
    runtime: Runtime = module.RUNTIME(config)
    return runtime


def load(config: Config) -> Runtime:
    """Import the framework and set it up; Unavailable where it can't run here."""
    if config.isa and config.isa not in within(config.isa):
        raise Unavailable("this processor has no %s, so nothing can be capped to it" % config.isa)
    runtime = runtime_of(config)
    found = str(runtime.info()[runtime.versioned])
    if config.version and _release(found) != _release(config.version):
        raise Unavailable("%s %s was asked for, this interpreter has %s" % (config.framework, config.version, found))
    if "torch" in sys.modules and "tensorflow" in sys.modules:
        # Together they crash in torch.compile, and their thread pools and libraries disturb each other.
        raise Unavailable("importing %s loaded both PyTorch and TensorFlow into one process" % config.framework)
    return runtime


def _release(version: str) -> str:
    """A version without its build and its last zeros: 0.9.0+cpu is 0.9."""
    return re.sub(r"(\.0)+$", "", version.partition("+")[0])


def import_framework(module: str) -> Any:
    """The framework's module; Unavailable where it is not installed or can't be imported."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name == module:
            raise Unavailable("%s is not installed" % module) from None
        raise Unavailable("%s can't be imported: %s" % (module, error)) from None
    except Exception as error:  # whatever a broken installation raises is a reason, not a crash
        raise Unavailable("%s can't be imported: %s: %s" % (module, type(error).__name__, error)) from None


def build(text: str, names: Sequence[str], outputs: Sequence[str], runtime: Runtime) -> Function:
    """A checked plan as a function of its inputs, which returns its outputs by name.

    Where the runtime compiles, statements that use no input (such as those that make a layer) run once, here and now,
    as they do in the code of a user who compiles a function. Each call gives a function with a code object of its own,
    since compilers keep their caches there.
    """
    module: Dict[str, Any] = {"__builtins__": dict(runtime.builtins), **runtime.roots}
    body = ast.parse(text, "<plan>").body
    if runtime.compiles:
        once, body = split_once(body, names)
        if once:
            exec(compile(ast.Module(body=once, type_ignores=[]), "<plan>", "exec"), module)
    # A name that no plan may use itself: it can call its tensors what it likes.
    code = _function_code("_plan", names, body, outputs)
    exec(code, module)
    function: Function = module["_plan"]
    return function


def _function_code(name: str, names: Sequence[str], body: List[ast.stmt], outputs: Sequence[str]) -> CodeType:
    returned = ", ".join("%r: %s" % (output, output) for output in outputs)
    shell = ast.parse("def %s(%s):\n    return {%s}\n" % (name, ", ".join(names), returned), "<plan>")
    function = shell.body[0]
    assert isinstance(function, ast.FunctionDef)
    function.body = body + function.body
    return compile(shell, "<plan>", "exec")


def of_array(value: Any, *kinds: type) -> Answered:
    """An array of NumPy's, or of `kinds`, which NumPy reads, as an answer; Refused where it is none."""
    if not isinstance(value, (np.ndarray, np.generic, *kinds)):
        raise Refused("the plan's output is a %s, expected an array" % type(value).__name__)
    array = np.asarray(value)
    return array.dtype.name, array.shape, array


def numpy_words(array: NDArray, dtype: str) -> NDArray:
    """An array as what travels: bfloat16 as uint16 words, everything contiguous."""
    array = np.ascontiguousarray(array) if array.ndim else array
    return array.view(np.uint16) if dtype == "bfloat16" else array


def fitting(outputs: Outputs, cotangents: Outputs) -> bool:
    """Whether every output that has a cotangent is a tensor of its shape."""
    return all(
        hasattr(outputs[name], "shape") and tuple(outputs[name].shape) == tuple(cotangent.shape)
        for name, cotangent in cotangents.items()
    )
