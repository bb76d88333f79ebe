"""Which plans may run: a stranger's case file must be safe.

A plan is a few lines of straight-line Python. This module reads its syntax tree and allows assignments, calls of the
functions in a table (a framework's `allowed.py`), what those tables let a value be asked for, and plain arithmetic.
Strings, lists and tuples are literals in arguments, never values to compute with; functions are called, not passed on.
Everything else is refused, with the line and the column. The coordinator checks a plan when it reads a case file; the
worker checks it again, since it is the worker that runs it.

A plan of a file that the user trusts (`--trust FILE`) is held to the same syntax, but may name whatever is public in
its framework.
"""

from __future__ import annotations

import ast
import keyword
import re
import unicodedata
from dataclasses import dataclass
from typing import Dict, FrozenSet, Iterable, List, NamedTuple, Set

from .allowed import REFUSED_KEYWORDS, WORDS, Allowed, Forms, Table, is_layout
from .near import did_you_mean
from .statements import code_lines

MAX_CHARACTERS = 8_000
MAX_STATEMENTS = 64
# Whoever has mended so many looks again; and near words are looked for among hundreds, which takes its time.
MAX_FINDINGS = 20
MAX_HINTS = 3
# A number computed from lengths and literals. Thirty squarings in a row would fill the memory.
MAX_BITS = 256

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# An equation stands in an argument of an einsum alone: elsewhere `i,O` would be a dtype of objects.
_EQUATION = re.compile(r"[A-Za-z., ]{0,100}(?:->[A-Za-z. ]{0,50})?")
_PLAIN_SPACE = dict.fromkeys(map(ord, "\t\n\r"))
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.MatMult)
_SIGNS = (ast.USub, ast.UAdd)
_TRUST = "; see docs/plans.md for the list, and for `--trust`"


@dataclass(frozen=True)
class Finding:
    """Something a plan may not do, and where."""

    line: int
    column: int
    message: str


class _EnoughError(Exception):
    """There are as many findings as are said of one plan."""


class _Kind(NamedTuple):
    """What an expression gives, as far as it can be told without running it."""

    word: str  # value, number, shape, layer, at, place, constant
    bits: int = 0  # of a number: how many it may have


_VALUE = _Kind("value")
_LENGTH = _Kind("number", 63)
# What a jax array's `x.at[...]` may be asked for.
_PLACE_METHODS = frozenset("set add subtract multiply divide min max get".split())


def check_plan(
    text: str, allowed: Table, inputs: Iterable[str], outputs: Iterable[str] = ("y",), trusted: bool = False
) -> List[Finding]:
    """Every reason why `text` may not run as a plan of a framework with this table; an empty list where it may."""
    inputs, outputs = list(inputs), list(outputs)
    names = _check_names([*inputs, *outputs], allowed.roots)
    if names:
        return names
    if len(text) > MAX_CHARACTERS:
        return [Finding(1, 1, "the plan has %d characters, expected at most %d" % (len(text), MAX_CHARACTERS))]
    characters = check_characters(text)
    if characters:
        return characters
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        column = getattr(error, "offset", None) or 1
        return [Finding(line, max(column, 1), "not valid Python: %s" % getattr(error, "msg", error))]
    if len(tree.body) > MAX_STATEMENTS:
        return [Finding(1, 1, "the plan has %d statements, expected at most %d" % (len(tree.body), MAX_STATEMENTS))]
    checker = _FormsChecker(allowed, inputs) if isinstance(allowed, Forms) else _Checker(allowed, inputs, trusted)
    try:
        for statement in tree.body:
            checker.statement(statement)
    except _EnoughError:
        return checker.findings
    except RecursionError:
        return [Finding(1, 1, "the plan is nested too deeply")]
    if not checker.findings:
        missing = [output for output in outputs if output not in checker.assigned]
        checker.findings += [Finding(1, 1, "the plan never assigns its output %r" % output) for output in missing]
    return checker.findings


def unsafe(character: str) -> bool:
    """Whether a character is none that text needs: it is not seen, ends a line for some, or turns the order of others.

    Control characters and format characters (bidirectional overrides, zero width), the separators of lines and
    paragraphs, lone surrogates.
    """
    return unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Cs")


def check_characters(text: str) -> List[Finding]:
    """A finding for the first character that would not be seen, or would end a line for some readers only."""
    if text.isascii() and text.translate(_PLAIN_SPACE).isprintable():
        return []  # which is nearly always so, and quickly said
    for number, line in enumerate(code_lines(text), 1):
        for column, character in enumerate(line, 1):
            if character != "\t" and unsafe(character):
                message = "the character U+%04X can't be seen or ends a line elsewhere; leave it out" % ord(character)
                return [Finding(number, column, message)]
    return []


def _check_names(names: List[str], roots: FrozenSet[str]) -> List[Finding]:
    """The names of inputs and outputs become a function's arguments, so they must be names and nothing more."""
    return [
        Finding(1, 1, "%r can't name a tensor of a plan, expected a word of letters, digits and _" % name)
        for name in names
        if not _NAME.fullmatch(name) or keyword.iskeyword(name) or name in roots
    ]


class _Checker:
    """Goes through a plan statement by statement, and knows of every name what it is."""

    def __init__(self, allowed: Allowed, names: Iterable[str], trusted: bool) -> None:
        self.allowed = allowed
        self.roots = allowed.roots
        self.words = WORDS | allowed.words
        self.trusted = trusted
        self.hints = 0
        self.kinds: Dict[str, _Kind] = dict.fromkeys(names, _VALUE)
        self.assigned: Set[str] = set()
        self.findings: List[Finding] = []

    def refuse(self, node: ast.AST, message: str) -> None:
        self.findings.append(Finding(getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1, message))
        if len(self.findings) == MAX_FINDINGS:
            raise _EnoughError

    def near(self, found: str, among: Iterable[str], cutoff: float = 0.6) -> str:
        """A hint at the word that was meant, or ""."""
        if self.hints == MAX_HINTS:
            return ""
        self.hints += 1
        return did_you_mean(found, among, cutoff)

    def statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign):
            kind = self.value(node.value)
            for target in node.targets:
                self.bind(target, kind)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            self.value(node.value)
        else:
            what = type(node).__name__.lower()
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                what = "an import"
            self.refuse(node, "a plan holds assignments and calls only, found %s" % what)

    def bind(self, node: ast.expr, kind: _Kind) -> None:
        if isinstance(node, ast.Tuple):
            if kind.word not in ("value", "shape"):
                self.refuse(node, "a %s can't be taken apart" % kind.word)
            for element in node.elts:
                self.bind(element, _LENGTH if kind.word == "shape" else _VALUE)
        elif not isinstance(node, ast.Name):
            self.refuse(node, "a plan assigns to names only")
        elif not _NAME.fullmatch(node.id) or node.id in self.roots:
            self.refuse(node, "a plan may not assign to %r" % node.id)
        else:
            self.kinds[node.id] = kind
            self.assigned.add(node.id)

    def value(self, node: ast.expr) -> _Kind:
        """What an expression gives that is computed with or assigned."""
        if isinstance(node, ast.Constant):
            return self.number(node)
        if isinstance(node, ast.Name):
            if node.id not in self.kinds:
                self.refuse(node, "unknown name %r; a plan knows its inputs and what it assigned" % node.id)
            return self.kinds.get(node.id, _VALUE)
        if isinstance(node, ast.Attribute):
            return self.attribute(node)
        if isinstance(node, ast.Call):
            return self.call(node)
        if isinstance(node, ast.Subscript):
            return self.subscript(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, _SIGNS):
            return self.operand(node.operand)
        if isinstance(node, ast.BinOp) and isinstance(node.op, _OPERATORS):
            return self.arithmetic(node)
        if isinstance(node, (ast.Tuple, ast.List)):
            self.refuse(node, "a tuple or list is a literal in an argument, no value to assign or compute with")
        else:
            self.refuse(node, "%s is not allowed in a plan" % type(node).__name__.lower())
        return _VALUE

    def number(self, node: ast.Constant) -> _Kind:
        value = node.value
        if isinstance(value, str):
            self.refuse(node, "a string is a literal in an argument, no value to assign or compute with")
        elif not isinstance(value, (int, float, complex)):
            self.refuse(node, "a %s literal is not allowed here" % type(value).__name__)
        elif isinstance(value, int) and abs(value) >= 2**63:
            self.refuse(node, "an integer of more than 63 bits")
        return _Kind("number", value.bit_length() if isinstance(value, int) else 0)

    def operand(self, node: ast.expr) -> _Kind:
        kind = self.value(node)
        if kind.word not in ("value", "number", "constant"):
            self.refuse(node, "arithmetic is on tensors and numbers only, found a %s" % kind.word)
            return _VALUE
        return kind

    def arithmetic(self, node: ast.BinOp) -> _Kind:
        left, right = self.operand(node.left), self.operand(node.right)
        if not left.word == right.word == "number":
            return _VALUE
        times = isinstance(node.op, ast.Mult)
        bits = left.bits + right.bits if times else max(left.bits, right.bits) + 1
        if bits > MAX_BITS:
            self.refuse(node, "the number may have more than %d bits" % MAX_BITS)
            bits = 0
        return _Kind("number", bits)

    def subscript(self, node: ast.Subscript) -> _Kind:
        kind = self.value(node.value)
        self.index(node.slice)
        if kind.word == "shape":
            return kind if isinstance(node.slice, ast.Slice) else _LENGTH
        if kind.word == "at":
            return _Kind("place")
        if kind.word != "value":
            self.refuse(node, "a %s has no elements" % kind.word)
        return _VALUE

    def index(self, node: ast.AST) -> None:
        """Integers, slices, None, ..., tensors, and tuples of those; never a string, which may be an attribute."""
        if type(node).__name__ in ("Index", "ExtSlice"):  # Python 3.8 wraps them
            self.refuse(node, "this Python is too old")
        elif isinstance(node, ast.Tuple):
            for element in node.elts:
                self.index(element)
        elif isinstance(node, ast.Slice):
            for part in (node.lower, node.upper, node.step):
                if part is not None and not (isinstance(part, ast.Constant) and part.value is None):
                    self.index(part)
        elif isinstance(node, ast.Constant) and (node.value is None or node.value is ...):
            pass
        elif not isinstance(node, ast.expr) or self.value(node).word not in ("value", "number", "constant"):
            self.refuse(node, "an index is an integer, a slice, None, ... or a tensor")

    def attribute(self, node: ast.Attribute) -> _Kind:
        """What is read, not called: a constant of the framework, or an attribute of a value."""
        dotted = self.dotted(node)
        if dotted:
            if not self.known(node, dotted, self.allowed.constants):
                return _VALUE
            return _Kind("constant")
        if not self.public(node, node.attr):
            return _VALUE
        kind = self.value(node.value)
        if kind.word == "value" and node.attr in self.allowed.attributes:
            if node.attr in ("ndim", "size"):
                return _LENGTH
            return _Kind(node.attr) if node.attr in ("shape", "at") else _VALUE
        if not self.trusted:
            listed = ", ".join(sorted(self.allowed.attributes)) if kind.word == "value" else "none"
            message = "a %s may not be asked for %r, expected one of: %s" % (kind.word, node.attr, listed)
            self.refuse(node, message + (_calls(node.attr) if node.attr in self.allowed.methods else ""))
        return _VALUE

    def call(self, node: ast.Call) -> _Kind:
        function, dotted = node.func, ""
        result = _VALUE
        if isinstance(function, ast.Attribute):
            dotted = self.dotted(function)
            if dotted:
                callables = self.allowed.functions | self.allowed.layers | self.allowed.shapes
                if not self.known(function, dotted, callables):
                    return result  # what it is given is no matter then
                if dotted in self.allowed.layers:
                    result = _Kind("layer")
                elif dotted in self.allowed.shapes:
                    result = _Kind("shape")
            else:
                result = self.method(function)
        elif self.value(function).word != "layer" and not self.trusted:
            self.refuse(function, "only allowed functions, methods and layers are called" + _calls(""))
        self.arguments(node, dotted or (".%s" % function.attr if isinstance(function, ast.Attribute) else ""))
        return result

    def method(self, node: ast.Attribute) -> _Kind:
        """The result of a method's call."""
        if not self.public(node, node.attr):
            return _VALUE
        kind = self.value(node.value)
        methods = {
            "value": self.allowed.methods,
            "layer": self.allowed.layer_methods,
            "place": _PLACE_METHODS,
        }.get(kind.word, frozenset())
        if node.attr not in methods and not self.trusted:
            listed = ", ".join(sorted(methods)) or "none"
            self.refuse(node, "a %s has no method %r here, expected one of: %s" % (kind.word, node.attr, listed))
        return _Kind("shape") if node.attr == "size" else _VALUE

    def arguments(self, node: ast.Call, dotted: str) -> None:
        most = self.allowed.positional.get(dotted, len(node.args))
        if len(node.args) > most and not self.trusted:
            self.refuse(node, "%s takes at most %d arguments without their names here" % (dotted, most))
        for number, argument in enumerate(node.args):
            takes_layer = dotted in self.allowed.takes_layer
            if takes_layer and number == 1 and isinstance(argument, ast.Dict):
                self.parameters(argument)
            elif takes_layer and number == 0:
                if self.value(argument).word != "layer" and not self.trusted:
                    self.refuse(argument, "%s takes a layer" % dotted)
            else:
                self.argument(argument, dotted, first=number == 0)
        for named in node.keywords:
            if named.arg is None or not _NAME.fullmatch(named.arg):
                self.refuse(node, "a plan passes keyword arguments by name")
            elif named.arg in REFUSED_KEYWORDS and not self.trusted:
                self.refuse(named.value, "the argument %r is not allowed in a plan" % named.arg)
            self.argument(named.value, dotted)

    def argument(self, node: ast.expr, dotted: str, first: bool = False, nested: bool = False) -> None:
        """What a function is given: a literal, a constant of the framework, or something computed.

        `first`: the first one without a name, which is the data of most functions. `nested`: within a tuple or a list.
        """
        if isinstance(node, (ast.Tuple, ast.List)):
            for element in node.elts:
                self.argument(element, dotted, nested=True)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.string(node, node.value, dotted, first, nested)
        elif nested and not self.trusted and self.dotted(node) in self.allowed.dtypes:
            self.refuse(node, "a dtype stands alone, not in a tuple or a list")
        elif not self.literal_or_operation(node, "" if nested else dotted):
            kind = self.value(node)
            if kind.word in ("layer", "at", "place") and not self.trusted:
                self.refuse(node, "a %s is no argument" % kind.word)

    def literal_or_operation(self, node: ast.expr, dotted: str) -> bool:
        if isinstance(node, ast.Constant):
            return node.value is None or node.value is ...
        return isinstance(node, ast.Attribute) and self.dotted(node) in self.allowed.operations.get(dotted, ())

    def string(self, node: ast.expr, text: str, dotted: str, first: bool, nested: bool) -> None:
        if self.trusted:
            return
        if first and dotted.endswith(".einsum") and _EQUATION.fullmatch(text):
            return
        takes = not first or dotted in self.allowed.layers or dotted.startswith(".")
        if takes and (is_layout(text) or (text in self.words and not nested)):
            return
        if text in self.words or is_layout(text):
            self.refuse(
                node, "the string %r is no data; in a tuple or list there may be layouts, such as 'NHWC'" % text
            )
            return
        hint = self.near(text, self.words)
        self.refuse(node, "the string %.40r is none of the words that a plan may pass%s%s" % (text, hint, _TRUST))

    def parameters(self, node: ast.Dict) -> None:
        """A layer's parameters by name. The names are looked up among its parameters and nowhere else."""
        for key, value in zip(node.keys, node.values):
            if not (isinstance(key, ast.Constant) and isinstance(key.value, str) and _NAME.fullmatch(key.value)):
                self.refuse(node, "the keys of a dict are literal names of parameters")
            if self.value(value).word != "value":
                self.refuse(value, "a parameter is a tensor")

    def dotted(self, node: ast.expr) -> str:
        """`torch.nn.functional.pad` as text where an expression is a name of the framework, else ""."""
        text = dotted_name(node)
        return text if text.partition(".")[0] in self.roots else ""

    def known(self, node: ast.expr, dotted: str, among: FrozenSet[str]) -> bool:
        """Whether a name of the framework may be used so; refused where not."""
        if not all(self.public(node, part) for part in dotted.split(".")):
            return False
        if dotted in among or self.trusted:
            return True
        callables = self.allowed.functions | self.allowed.layers | self.allowed.shapes
        if dotted in callables:
            self.refuse(node, "%r may be called, but is no value to pass on or assign" % dotted)
        elif dotted in self.allowed.constants:
            self.refuse(node, "%r is a value, no function" % dotted)
        else:
            hint = self.near(dotted, among, 0.8)
            self.refuse(node, "%r is not in the list of what a plan may use%s%s" % (dotted, hint, _TRUST))
        return False

    def public(self, node: ast.AST, name: str) -> bool:
        if not _NAME.fullmatch(name):
            self.refuse(node, "names that begin with an underscore are not allowed: %r" % name)
        return bool(_NAME.fullmatch(name))


class _FormsChecker:
    """For a framework that has no list to choose from, but a few forms."""

    def __init__(self, forms: Forms, names: Iterable[str]) -> None:
        self.assigned: Set[str] = set()
        self.findings: List[Finding] = []
        self.read = forms.reader(set(names), self.refuse)

    def refuse(self, node: ast.AST, message: str) -> None:
        self.findings.append(Finding(getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1, message))
        if len(self.findings) == MAX_FINDINGS:
            raise _EnoughError

    def statement(self, node: ast.stmt) -> None:
        self.assigned.update(self.read(node))


def dotted_name(node: ast.expr) -> str:
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


def _calls(method: str) -> str:
    return "; %r is a method, so call it" % method if method else ""
