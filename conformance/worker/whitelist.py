"""Which plans may run: a stranger's case file must be safe.

A plan is a few lines of straight-line Python. This module reads its syntax tree and allows assignments, calls on dotted
names below a framework's public namespaces, calls on and attributes of values from an explicit list, literals, slices
and plain arithmetic. Everything else (imports, underscores, loops, lambdas, comprehensions, functions that read, write
or load) is refused, with the line and the column. The coordinator checks a plan when it reads a case file; the worker
checks it again, since it is the worker that runs it.
"""

from __future__ import annotations

import ast
import keyword
import re
from dataclasses import dataclass
from typing import Dict, FrozenSet, Iterable, List, Optional, Set, Tuple

from .whitelist_onnx import ROOTS as _ONNX_ROOTS
from .whitelist_onnx import OnnxPlan

# framework -> the namespaces whose members a plan may name. A name is a namespace and one more word: `torch.os.system`
# is refused because `torch.os` is not listed, whatever `torch` happens to import.
NAMESPACES: Dict[str, Tuple[str, ...]] = {
    "numpy": ("numpy", "numpy.fft", "numpy.linalg", "numpy.lib.stride_tricks"),
    "torch": (
        "torch",
        "torch.nn",
        "torch.nn.functional",
        "torch.nn.utils",
        "torch.func",
        "torch.fft",
        "torch.linalg",
        "torch.special",
    ),
    "jax": (
        "jax.lax",
        "jax.lax.Precision",
        "jax.nn",
        "jax.numpy",
        "jax.numpy.fft",
        "jax.numpy.linalg",
        "jax.image",
        "jax.scipy.signal",
        "jax.scipy.special",
    ),
    "tensorflow": (
        "tf",
        "tf.nn",
        "tf.math",
        "tf.linalg",
        "tf.image",
        "tf.signal",
        "tf.keras.layers",
        "tf.keras.activations",
    ),
    "keras": (
        "keras.layers",
        "keras.ops",
        "keras.ops.nn",
        "keras.ops.image",
        "keras.activations",
        "keras.initializers",
    ),
}

# A plan of ONNX is a model as text: see whitelist_onnx.py.
FRAMEWORKS: Tuple[str, ...] = (*NAMESPACES, "onnx")

# Methods and attributes of values. All are free of side effects outside the value.
ATTRIBUTES = frozenset(
    "shape dtype ndim T mT real imag size build stateless_call contiguous to reshape view permute transpose swapaxes "
    "flip astype at set add float double half bfloat16 sum mean flatten squeeze unsqueeze detach".split()
)

# Words that name I/O, code, or process state in any of these libraries. Matched against each last word.
_REFUSED = re.compile(
    # whatever says so in one of its words: load_library, tf.py_function, io_callback, keras.layers.deserialize, ...
    r"(?:.*_)?(?:load|save|savez|read|write|open|file|fromfile|tofile|memmap|hub|import|exec|eval|compile|compiled|"
    r"callback|function|pyfunc|frompyfunc|py_func|deserialize|serialize|deserialization|serialization|config|library|"
    r"fork|spawn|parse|autocast|deterministic|printoptions|dispatch|seed)(?:_.*)?|"
    # files
    r"from_file|savetxt|loadtxt|genfromtxt|fromregex|DataSource|fixed_unigram_candidate_sampler|.*Lookup|"
    r"TextVectorization|decode_.*|encode_.*|"
    # memory
    r"as_strided.*|frombuffer|from_dlpack|to_dlpack|ndarray|record|recarray|chararray|.*[Ss]torage.*|"
    # functions of functions, and objects made from a description
    r"vectorize|apply_along_axis|apply_over_axes|piecewise|fromfunction|fromiter|bmat|Lambda|TFSMLayer|JaxLayer|"
    r"FlaxLayer|.*Wrapper|.*DataParallel|Container|get|get_(?!item$).*|map_fn|scan|while_loop|fori_loop|cond|foldl|foldr|"
    r"switch|switch_case|custom_root|custom_linear_solve|vectorized_map|variable_creator_scope|skip_init|classproperty|"
    # the state of the process, and what is printed
    r"set_.*|seterr|seterrcall|setbufsize|geterrcall|errstate|print|Print|show_config|show_runtime|test|wait|init_.*|"
    r"prepare_.*|profiler_.*|thread_safe_generator|default_generator|merge_type_.*|unify_type_list|Generator|Module|Event|"
    r"Stream"
)

# In these namespaces a capital letter begins an internal class (a compiler of scripts, a reader, a registry), but for
# the ones named here.
_CLASSES_ALLOWED: Dict[str, FrozenSet[str]] = {
    "torch": frozenset(["Size"]),
    "torch.nn.functional": frozenset(),
    "tf": frozenset(["TensorShape", "TensorSpec"]),
}

# Modules that a namespace happens to hold. A plan can reach nothing in them, and has no use for one.
# A test walks the installed frameworks and says which are missing here.
_MODULES: Dict[str, FrozenSet[str]] = {
    "numpy": frozenset(
        "char core ctypeslib dtypes emath exceptions f2py lib ma matlib polynomial random rec strings testing typing "
        "distutils compat".split()
    ),
    "torch": frozenset(
        "accelerator amp ao autograd backends builtins classes compiler cpp cpu ctypes cuda distributed distributions "
        "export functional functools futures fx glob hub importlib inspect io itertools jit library masked math "
        "monitor mps mtia multiprocessing nested ops optim os overrides package platform profiler quantization "
        "quasirandom random return_types serialization signal sparse storage sys testing textwrap threading torch "
        "torch_version types utils version warnings windows xpu contextlib".split()
    ),
    "torch.nn": frozenset(
        "attention common_types grad init intrinsic modules parallel parameter qat quantizable quantized".split()
    ),
    "torch.nn.functional": frozenset("dataclasses grad importlib math np torch warnings".split()),
    "torch.nn.utils": frozenset(
        "clip_grad convert_parameters fusion init memory_format parametrizations parametrize rnn stateless".split()
    ),
    "torch.fft": frozenset(["sys", "torch"]),
    "torch.linalg": frozenset(["sys", "torch"]),
    "torch.special": frozenset(["sys", "torch"]),
    "jax.lax": frozenset(["linalg"]),
    "jax.nn": frozenset(["initializers"]),
    "tf": frozenset(
        "audio autodiff autograph bitwise compat config data debugging distribute dtensor dtypes errors experimental "
        "feature_column graph_util initializers io keras lite lookup losses metrics mlir nest optimizers profiler "
        "quantization queue ragged random raw_ops saved_model security sets sparse strings summary sysconfig test "
        "tools tpu train types version xla".split()
    ),
    "tf.nn": frozenset(["experimental"]),
    "tf.math": frozenset(["special"]),
    "tf.linalg": frozenset(["experimental"]),
    "keras.ops": frozenset(["numpy", "core", "linalg"]),
}

# What a string may hold: `SAME`, `NHWC`, `ij,jk->ik`, `(h w) c -> h w c`, `<f4`; no path, no address, no code.
_STRING = re.compile(r"(?!.*__)[A-Za-z0-9_ ,.<>=+()-]{0,200}")

# Keyword arguments whose value would be a place outside the plan.
_REFUSED_KEYWORDS = re.compile(r"(?:.*_)?(?:file|filename|fname|path|dir|directory|url|stream|vocabulary)(?:_.*)?")

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

# The one call that may take a dict (parameter name -> tensor). Elsewhere a dict could be a Keras object configuration,
# which names a module to import.
_TAKES_DICT = "torch.func.functional_call"

MAX_CHARACTERS = 8_000
MAX_STATEMENTS = 64

_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.MatMult, ast.USub, ast.UAdd)


@dataclass(frozen=True)
class Finding:
    """Something a plan may not do, and where."""

    line: int
    column: int
    message: str


def check_plan(text: str, framework: str, inputs: Iterable[str], output: str = "y") -> List[Finding]:
    """Every reason why `text` may not run as a plan of `framework`; an empty list where it may."""
    if framework not in FRAMEWORKS:
        return [Finding(1, 1, "no plan can be run by %r, expected one of: %s" % (framework, ", ".join(FRAMEWORKS)))]
    inputs = list(inputs)
    names = _check_names([*inputs, output], framework)
    if names:
        return names
    if len(text) > MAX_CHARACTERS:
        return [Finding(1, 1, "the plan has %d characters, expected at most %d" % (len(text), MAX_CHARACTERS))]
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        column = getattr(error, "offset", None) or 1
        return [Finding(line, column, "not valid Python: %s" % getattr(error, "msg", error))]
    checker = _OnnxChecker(set(inputs)) if framework == "onnx" else _Checker(framework, set(inputs))
    if len(tree.body) > MAX_STATEMENTS:
        return [Finding(1, 1, "the plan has %d statements, expected at most %d" % (len(tree.body), MAX_STATEMENTS))]
    try:
        for statement in tree.body:
            checker.statement(statement)
    except RecursionError:
        return [Finding(1, 1, "the plan is nested too deeply")]
    if not checker.findings and output not in checker.assigned:
        checker.findings.append(Finding(1, 1, "the plan never assigns its output %r" % output))
    return checker.findings


def _check_names(names: List[str], framework: str) -> List[Finding]:
    """The names of inputs and output become a function's arguments, so they must be names and nothing more."""
    roots = _roots(framework)
    return [
        Finding(1, 1, "%r can't name a tensor of a plan, expected a word of letters, digits and _" % name)
        for name in names
        if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name in roots
    ]


def _roots(framework: str) -> FrozenSet[str]:
    """The first words of the dotted names that a plan may use."""
    return _ONNX_ROOTS if framework == "onnx" else frozenset(n.split(".")[0] for n in NAMESPACES[framework])


class _Checker:
    def __init__(self, framework: str, names: Set[str]) -> None:
        self.namespaces = NAMESPACES.get(framework, ())
        self.roots = _roots(framework)
        self.names = names
        self.assigned: Set[str] = set()
        self.findings: List[Finding] = []

    def refuse(self, node: ast.AST, message: str) -> None:
        self.findings.append(Finding(getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1, message))

    def statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign):
            self.expression(node.value)
            for target in node.targets:
                self.bind(target)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            self.expression(node.value)
        else:
            what = type(node).__name__.lower()
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                what = "an import"
            self.refuse(node, "a plan holds assignments and calls only, found %s" % what)

    def bind(self, node: ast.expr) -> None:
        if isinstance(node, ast.Tuple):
            for element in node.elts:
                self.bind(element)
        elif not isinstance(node, ast.Name):
            self.refuse(node, "a plan assigns to names only")
        elif node.id.startswith("_") or node.id in self.roots:
            self.refuse(node, "a plan may not assign to %r" % node.id)
        else:
            self.names.add(node.id)
            self.assigned.add(node.id)

    def expression(self, node: Optional[ast.AST]) -> None:
        if node is None:
            return
        if isinstance(node, ast.Constant):
            self.constant(node)
        elif isinstance(node, ast.Name):
            if node.id not in self.names:
                self.refuse(node, "unknown name %r; a plan knows its inputs and what it assigned" % node.id)
        elif isinstance(node, ast.Attribute):
            self.attribute(node)
        elif isinstance(node, ast.Call):
            self.expression(node.func)
            for argument in node.args:
                if isinstance(argument, ast.Dict) and _dotted(node.func) == _TAKES_DICT:
                    self.parameters(argument)
                else:
                    self.expression(argument)
            for named in node.keywords:
                if named.arg is None or named.arg.startswith("_"):
                    self.refuse(node, "a plan passes keyword arguments by name")
                elif _REFUSED_KEYWORDS.fullmatch(named.arg):
                    self.refuse(named.value, "the argument %r may name a file; a plan may not use it" % named.arg)
                self.expression(named.value)
        elif isinstance(node, (ast.Tuple, ast.List)):
            for element in node.elts:
                self.expression(element)
        elif isinstance(node, ast.Subscript):
            self.expression(node.value)
            self.expression(node.slice)
        elif isinstance(node, ast.Slice):
            for part in (node.lower, node.upper, node.step):
                self.expression(part)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, _OPERATORS):
            self.expression(node.operand)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, _OPERATORS):
            for side in (node.left, node.right):
                if isinstance(side, (ast.List, ast.Tuple, ast.Dict)) or (
                    isinstance(side, ast.Constant) and not isinstance(side.value, (int, float))
                ):
                    self.refuse(side, "arithmetic is on tensors and numbers only")
                self.expression(side)
        else:
            self.refuse(node, "%s is not allowed in a plan" % type(node).__name__.lower())

    def parameters(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values):
            if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                self.refuse(node, "the keys of a dict are literal strings")
            self.expression(value)

    def constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
            self.refuse(node, "an integer of more than 63 bits")
        elif isinstance(value, str) and not _STRING.fullmatch(value):
            self.refuse(node, "the string %.40r holds more than a word, a layout or an equation" % value)
        elif not isinstance(value, (int, float, str, type(None), type(...))):
            self.refuse(node, "a %s literal is not allowed in a plan" % type(value).__name__)

    def attribute(self, node: ast.Attribute) -> None:
        dotted = _dotted(node)
        if node.attr[:1] == "_" or (dotted and any(part.startswith("_") for part in dotted.split("."))):
            self.refuse(node, "names that begin with an underscore are not allowed: %r" % node.attr)
            return
        root = dotted.split(".")[0] if dotted else ""
        if dotted and root in self.roots and root not in self.names:
            namespace, _, word = dotted.rpartition(".")
            if namespace not in self.namespaces:
                listed = ", ".join(self.namespaces)
                self.refuse(node, "%r is not in a namespace that a plan may use (%s)" % (dotted, listed))
            elif _REFUSED.fullmatch(word):
                self.refuse(node, "%r may read, write, or run code; a plan may not use it" % dotted)
            elif dotted in self.namespaces or word in _MODULES.get(namespace, ()):
                self.refuse(node, "%r is a module, not a value" % dotted)
            elif word[:1].isupper() and word not in _CLASSES_ALLOWED.get(namespace, {word}):
                self.refuse(node, "%r is an internal class; a plan may not use it" % dotted)
            elif namespace == "numpy.lib.stride_tricks" and word != "sliding_window_view":
                self.refuse(node, "%r can address memory outside an array" % dotted)
            return
        if node.attr not in ATTRIBUTES:
            self.refuse(node, "attribute %r of a value is not in the list that a plan may use" % node.attr)
        self.expression(node.value)


class _OnnxChecker(_Checker):
    """ONNX has no namespace to choose from, but a few forms."""

    def __init__(self, names: Set[str]) -> None:
        super().__init__("onnx", names)
        self.plan = OnnxPlan(names, self.refuse)

    def statement(self, node: ast.stmt) -> None:
        name = self.plan.statement(node)
        if name is not None:
            self.assigned.add(name)


def _dotted(node: ast.expr) -> str:
    """`torch.nn.functional.pad` as text, or "" where the expression is not a plain dotted name."""
    parts: List[str] = []
    current: ast.expr = node
    while isinstance(current, ast.Attribute):
        parts.append(current.attr)
        current = current.value
    if not isinstance(current, ast.Name):
        return ""
    parts.append(current.id)
    return ".".join(reversed(parts))
