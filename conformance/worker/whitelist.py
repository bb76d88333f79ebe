"""Which plans may run: a stranger's case file must be safe.

A plan is a few lines of straight-line Python. This module reads its syntax tree and allows assignments, calls on dotted
names below a framework's public namespaces, calls on and attributes of values from an explicit list, literals, slices
and plain arithmetic. Everything else (imports, underscores, loops, lambdas, comprehensions, functions that read, write
or load) is refused, with the line and the column. The coordinator checks a plan when it reads a case file; the worker checks
it again, since it is the worker that runs it.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Dict, Iterable, List, Optional, Set, Tuple

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
    "keras": ("keras.layers", "keras.ops", "keras.ops.nn", "keras.activations", "keras.initializers"),
}

# Methods and attributes of values. All are free of side effects outside the value.
ATTRIBUTES = frozenset(
    "shape dtype ndim T mT real imag size build stateless_call contiguous to reshape view permute transpose swapaxes "
    "flip astype at set add float double half bfloat16 sum mean flatten squeeze unsqueeze detach".split()
)

# Words that name I/O, code, or process state in any of these libraries. Matched against each last word.
_REFUSED = re.compile(
    r"(?:.*_)?(?:load|save|savez|read|write|open|file|fromfile|tofile|memmap|hub|import|exec|eval|compile|compiled|"
    r"callback|function|pyfunc|frompyfunc|py_func|deserialize|serialize|deserialization|serialization|config|library)"
    r"(?:_.*)?|set_.*|from_file|savetxt|loadtxt|genfromtxt|fromregex|DataSource|as_strided|vectorize|apply_along_axis|"
    r"apply_over_axes|piecewise|fromfunction|fromiter|frombuffer|from_dlpack|"
    r"Lambda|TFSMLayer|JaxLayer|FlaxLayer|TorchModuleWrapper|Wrapper|get|map_fn|scan|while_loop|fori_loop|cond|"
    r"foldl|foldr|switch|custom_root|custom_linear_solve|print|Print|show_config|numpy_function|"
    r"vectorized_map|ScriptModule|ScriptFunction|PyTorchFileReader|PyTorchFileWriter|Generator|Storage|Module|Event|Stream"
)

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
    if framework not in NAMESPACES:
        return [Finding(1, 1, "no plan can be run by %r, expected one of: %s" % (framework, ", ".join(NAMESPACES)))]
    if len(text) > MAX_CHARACTERS:
        return [Finding(1, 1, "the plan has %d characters, expected at most %d" % (len(text), MAX_CHARACTERS))]
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        column = getattr(error, "offset", None) or 1
        return [Finding(line, column, "not valid Python: %s" % getattr(error, "msg", error))]
    checker = _Checker(framework, set(inputs))
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


class _Checker:
    def __init__(self, framework: str, names: Set[str]) -> None:
        self.namespaces = NAMESPACES[framework]
        self.roots = {namespace.split(".")[0] for namespace in self.namespaces}
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
            for keyword in node.keywords:
                if keyword.arg is None or keyword.arg.startswith("_"):
                    self.refuse(node, "a plan passes keyword arguments by name")
                self.expression(keyword.value)
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
        elif isinstance(value, (bytes, complex)):
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
            elif dotted in self.namespaces:
                self.refuse(node, "%r is a namespace, not a value" % dotted)
            elif namespace == "numpy.lib.stride_tricks" and word != "sliding_window_view":
                self.refuse(node, "%r can address memory outside an array" % dotted)
            return
        if node.attr not in ATTRIBUTES:
            self.refuse(node, "attribute %r of a value is not in the list that a plan may use" % node.attr)
        self.expression(node.value)


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
