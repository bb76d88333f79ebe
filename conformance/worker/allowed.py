"""What a table of allowed functions holds, one a framework (its `allowed.py`): a stranger's case file must be safe.

A name is in a table because somebody looked at it: it computes from its arguments alone. None takes a function, a path,
a module's name, code or a description of an object; none changes the state of the process (seeds, defaults, what is
printed), writes into its arguments, or reads and writes memory without checking the indices. A name that is nowhere
here is refused, whatever a release of the framework makes of it.
"""

from __future__ import annotations

import ast
from typing import Callable, Dict, FrozenSet, Iterable, List, Mapping, NamedTuple, Set, Union

# Says what is wrong with a part of a plan.
Refuse = Callable[[ast.AST, str], None]


class Allowed(NamedTuple):
    """What plans of one framework may use. All names are dotted ones, as a plan writes them."""

    # What may be called and gives tensors (or tuples of them), and nothing else: never passed on, never assigned.
    functions: FrozenSet[str]
    # Classes that make a layer: an object that may be called, and asked for what is in `layer_methods`.
    layers: FrozenSet[str] = frozenset()
    # Values: dtypes, enum members, numbers.
    constants: FrozenSet[str] = frozenset()
    # Those of them that are dtypes: never in a tuple or a list, which would describe a dtype of several parts.
    dtypes: FrozenSet[str] = frozenset()
    # Functions that give the lengths of a tensor's axes, as Python's integers.
    shapes: FrozenSet[str] = frozenset()
    # What a tensor may be asked for, by a call and without one.
    methods: FrozenSet[str] = frozenset()
    attributes: FrozenSet[str] = frozenset()
    layer_methods: FrozenSet[str] = frozenset()
    # function, or `.method` -> how many arguments may be given without their names; later ones would be written
    # into, or worse.
    positional: Mapping[str, int] = {}
    # function -> the functions that it may be given, which no other is.
    operations: Mapping[str, FrozenSet[str]] = {}
    # Calls that take a layer, and a dict of parameters by name.
    takes_layer: FrozenSet[str] = frozenset()
    # What a string may be besides WORDS: none that a function takes for a path, a module, code or an object.
    words: FrozenSet[str] = frozenset()

    @property
    def roots(self) -> FrozenSet[str]:
        """The first words of the dotted names."""
        return frozenset(name.partition(".")[0] for name in self.functions)


class Forms(NamedTuple):
    """What plans may be of a framework that has no functions to list: what reads them statement by statement."""

    # The first words of the dotted names.
    roots: FrozenSet[str]
    # From the names of the inputs, to what is given each statement and answers with the names that it assigns tensors
    # to.
    reader: Callable[[Set[str], Refuse], Callable[[ast.stmt], List[str]]]


# What a framework's `allowed.py` calls ALLOWED.
Table = Union[Allowed, Forms]


def names(prefix: str, *groups: str) -> FrozenSet[str]:
    """`names("numpy.fft", "fft ifft")` is {"numpy.fft.fft", "numpy.fft.ifft"}."""
    return frozenset(prefix + "." + word for group in groups for word in group.split())


def at_most(count: int, functions: Iterable[str]) -> Dict[str, int]:
    """That many arguments without their names for each of these functions."""
    return dict.fromkeys(functions, count)


# Keywords that are arguments of some allowed function and are refused everywhere: where a result is written to, where
# it is computed, arrays of subclasses, error handling of old releases, in-place work, unchecked shortcuts, and which
# elements are computed (NumPy leaves the others as the memory was).
REFUSED_KEYWORDS = frozenset(
    "static_k static_v "
    "out outs where subok like extobj signature sig casting device sharding out_sharding generator inplace "
    "overwrite_input overwrite_a overwrite_b max_norm norm_type scale_grad_by_freq sparse sorter output_stream "
    "indices_are_sorted unique_indices wrap_negative_indices pin_memory layout check_finite validate "
    "validate_indices validate_shape writeable kernel_constraint bias_constraint kernel_regularizer "
    "bias_regularizer activity_regularizer custom_objects quantization_config lora_rank options config".split()
)


def is_layout(text: str) -> bool:
    """Whether a word says where channels stand (NHWC, OIHW, NXC, channels_last): it may stand in a tuple as well."""
    if text in ("channels_first", "channels_last"):
        return True
    letters = set(text)
    named = {"N", "C"} <= letters or {"I", "O"} <= letters
    return named and 2 <= len(text) <= 6 and len(letters) == len(text) and all("A" <= letter <= "Z" for letter in text)


# The words that a string may be. No function makes anything else of one: no path, no module, no code, no object dtype.
WORDS = frozenset(
    # paddings and the modes of borders
    "same valid causal full SAME VALID FULL SAME_LOWER SAME_UPPER same_lower same_upper EXPLICIT "
    "constant edge reflect replicate circular "
    "symmetric wrap zeros border CONSTANT REFLECT SYMMETRIC "
    # resizing
    "nearest linear bilinear trilinear bicubic cubic area nearest-exact lanczos3 lanczos5 gaussian mitchellcubic "
    # reductions, norms, pools, precision, kinds
    "mean sum none trunc floor batchmean sum_over_batch_size max min avg average "
    "MAX AVG amax amin prod fro nuc inf ortho backward "
    "forward default high highest DEFAULT HIGH HIGHEST fastest float32_default concat mul ave tanh left right lower "
    "upper reduced complete raise clip fill drop ij xy higher midpoint euclidean ASCENDING DESCENDING "
    # activations and initialisers that Keras and PyTorch know by a word
    "relu relu6 leaky_relu elu selu celu gelu "
    "silu swish sigmoid hard_sigmoid hard_silu hard_swish log_sigmoid softplus "
    "softsign hard_tanh tanh_shrink hard_shrink soft_shrink squareplus sparse_plus glu mish exponential softmax "
    "log_softmax sparsemax threshold ones glorot_uniform "
    "glorot_normal he_uniform he_normal lecun_uniform lecun_normal "
    "orthogonal identity "
    # dtypes
    "float16 float32 float64 bfloat16 float half double int8 int16 int32 int64 uint8 uint16 uint32 uint64 int bool "
    "complex64 complex128 f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 c8 c16 <f2 <f4 <f8 <i4 <i8".split()
)
