"""Which plans of ONNX may run: a model as text, and the run of it.

`InferenceSession` and `ReferenceEvaluator` take the name of a file as well, and a model may name files of weights and
libraries of operators. So a plan of ONNX can't name a namespace's members at will, as those of other frameworks can; it
is made of these forms alone, where NAME was assigned from the form that it stands for:

    model = onnx.parser.parse_model('<ir_version: 10, opset_import: ["" : 22]> g (float[3] x) => (float[N] y) { ... }')
    session = onnx.reference.ReferenceEvaluator(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=['CPUExecutionProvider'])
    y = session.run(None, {'x': x})[0]
    values, indices = session.run(None, {'x': x})
    y = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph.output[0]

The text of a model is held to operators of ONNX's own domain: nothing imported, no function, no subgraph, no stored
tensor, and so no file.
"""

from __future__ import annotations

import ast
import re
from typing import Callable, Dict, List, Optional, Set

from conformance.worker.allowed import Forms, Refuse

PARSE = "onnx.parser.parse_model"
REFERENCE = "onnx.reference.ReferenceEvaluator"
SESSION = "onnxruntime.InferenceSession"
INFER = "onnx.shape_inference.infer_shapes"
ROOTS = frozenset(["onnx", "onnxruntime"])

_FORMS = (
    "a plan of onnx parses a model from literal text (%s), gives it to %s or, by .SerializeToString(), to %s, and "
    "takes [0] of .run(None, {'x': x}), or all of it as values, indices = ...; or it takes .graph.output of "
    "%s(model, strict_mode=True, data_prop=True)" % (PARSE, REFERENCE, SESSION, INFER)
)
_MODEL = re.compile(
    r'\s*<\s*ir_version\s*:\s*\d+\s*,\s*opset_import\s*:\s*\[\s*""\s*:\s*\d+\s*\]\s*>'
    r"\s*[A-Za-z]\w*\s*\([\w\s,?\[\]]*\)\s*=>\s*\([\w\s,?\[\]]*\)\s*\{([^{}]*)\}\s*",
    re.ASCII,
)
_QUOTED = re.compile(r'"([^"]*)"')
# An attribute's string: SAME_UPPER, constant, bij, bjk -> bik.
_WORD = re.compile(r"[A-Za-z0-9_ ,.>-]{0,200}")
_BODY = re.compile(r'(?:[A-Za-z0-9_\s,.:=<>()\[\]+-]|"")*')
# A string that stands elsewhere than in an attribute.
_STRAY = re.compile(r'(?:^|[^=\[,\s])\s*""|""\s*(?:$|[^,\]>\s])')
# The name of a domain before an operator's.
_DOMAIN = re.compile(r"(?<![\w.])[A-Za-z_]\w*\s*\.", re.ASCII)
# Weights in files; operators that decode a stranger's bytes, or set the locale of the process.
_REFUSED = re.compile(r".*(?:external|location).*|ImageDecoder|StringNormalizer", re.IGNORECASE)


class OnnxPlan:
    """Reads a plan statement by statement, and knows of every name whether it is a tensor, a model or a session."""

    def __init__(self, inputs: "set[str]", refuse: Refuse) -> None:
        self.kinds: Dict[str, str] = dict.fromkeys(inputs, "tensor")
        self.refuse = refuse

    def statement(self, node: ast.stmt) -> List[str]:
        """The names that a statement assigns tensors to."""
        target = node.targets[0] if isinstance(node, ast.Assign) and len(node.targets) == 1 else None
        several = isinstance(target, ast.Tuple)
        targets = target.elts if isinstance(target, ast.Tuple) else [target]
        names = [part.id for part in targets if isinstance(part, ast.Name)]
        if not isinstance(node, ast.Assign) or not names or len(names) < len(targets):
            self.refuse(node, "a plan of onnx holds assignments to names only, found %s" % type(node).__name__)
            return []
        for name in names:
            if name.startswith("_") or name in ROOTS:
                self.refuse(targets[0] or node, "a plan may not assign to %r" % name)
                return []
        kind = self.answers(node.value) if several else self.kind(node.value)
        for name in names:
            self.kinds.pop(name, None)
            if kind is not None:
                self.kinds[name] = kind
        return names if kind == "tensor" else []

    def kind(self, node: ast.expr) -> Optional[str]:
        """What an expression gives, or None where it is refused."""
        if isinstance(node, ast.Name):
            if node.id not in self.kinds:
                self.refuse(node, "unknown name %r; a plan knows its inputs and what it assigned" % node.id)
            return self.kinds.get(node.id)
        if isinstance(node, ast.Subscript):
            return self.output(node)
        if isinstance(node, ast.Call):
            function = _dotted(node.func)
            if function == PARSE:
                return self.model(node)
            if function == REFERENCE and len(node.args) == 1 and not node.keywords:
                return "session" if self.has("model", node.args[0]) else None
            if function == SESSION and len(node.args) == 1:
                return self.session(node)
        self.refuse(node, _FORMS)
        return None

    def has(self, kind: str, node: ast.expr) -> bool:
        """Whether an expression is of that kind; refused where it is not."""
        found = self.kind(node)
        if found is not None and found != kind:
            self.refuse(node, "expected a %s, found a %s; %s" % (kind, found, _FORMS))
        return found == kind

    def model(self, node: ast.Call) -> Optional[str]:
        """parse_model of one literal text, with nothing in it that could name a file."""
        literal = node.args[0] if len(node.args) == 1 and not node.keywords else None
        if not (isinstance(literal, ast.Constant) and isinstance(literal.value, str)):
            self.refuse(node, "%s takes one literal text" % PARSE)
            return None
        reason = refused_model(literal.value)
        if reason:
            self.refuse(literal, reason)
        return None if reason else "model"

    def session(self, node: ast.Call) -> Optional[str]:
        """InferenceSession of a model's bytes, on the CPU."""
        given = node.args[0]
        if not (
            isinstance(given, ast.Call)
            and isinstance(given.func, ast.Attribute)
            and given.func.attr == "SerializeToString"
            and not given.args
            and not given.keywords
        ):
            self.refuse(given, "%s takes the bytes of a model, model.SerializeToString()" % SESSION)
            return None
        for named in node.keywords:
            if named.arg != "providers" or not _is_cpu(named.value):
                self.refuse(node, "%s takes providers=['CPUExecutionProvider'] and no other option" % SESSION)
                return None
        return "session" if self.has("model", given.func.value) else None

    def output(self, node: ast.Subscript) -> Optional[str]:
        """SESSION.run(None, {"x": x})[0]"""
        index = node.slice
        if not (isinstance(index, ast.Constant) and type(index.value) is int):
            self.refuse(node, _FORMS)
            return None
        return self.answers(node.value)

    def inferred(self, graph: ast.expr) -> bool:
        """Whether an expression is the graph that shape inference gives of a model."""
        call = graph.value if isinstance(graph, ast.Attribute) and graph.attr == "graph" else None
        if not isinstance(call, ast.Call) or _dotted(call.func) != INFER or len(call.args) != 1:
            return False
        said = {named.arg: named.value.value for named in call.keywords if isinstance(named.value, ast.Constant)}
        return said == {"strict_mode": True, "data_prop": True} and self.has("model", call.args[0])

    def answers(self, run: ast.expr) -> Optional[str]:
        """SESSION.run(None, {"x": x}), or infer_shapes(model, ...).graph.output, whose outputs are tensors."""
        if isinstance(run, ast.Attribute) and run.attr == "output" and self.inferred(run.value):
            return "tensor"
        if not (
            isinstance(run, ast.Call)
            and isinstance(run.func, ast.Attribute)
            and run.func.attr == "run"
            and len(run.args) == 2
            and not run.keywords
            and isinstance(run.args[0], ast.Constant)
            and run.args[0].value is None
            and isinstance(run.args[1], ast.Dict)
        ):
            self.refuse(run, _FORMS)
            return None
        feeds = run.args[1]
        for key, value in zip(feeds.keys, feeds.values):
            if not (isinstance(key, ast.Constant) and isinstance(key.value, str)):
                self.refuse(feeds, "the keys of a dict are literal strings")
                return None
            if not self.has("tensor", value):
                return None
        return "tensor" if self.has("session", run.func.value) else None


def refused_model(text: str) -> str:
    """Why a plan may not parse this text as a model, or ""."""
    found = _MODEL.fullmatch(text)
    if found is None:
        return (
            "the model's text is read as "
            '<ir_version: 10, opset_import: ["" : 22]> name (inputs) => (outputs) { nodes }, '
            "with no other domain, stored tensor, subgraph or function"
        )
    for quoted in _QUOTED.findall(found[1]):
        if not _WORD.fullmatch(quoted):
            return "the model's string %.40r holds more than a word or an equation" % quoted
    body = _QUOTED.sub('""', found[1])
    if not _BODY.fullmatch(body):
        return "the model's nodes hold a character that no operator or attribute needs"
    if _STRAY.search(body):
        return "a string of the model stands outside of an attribute"
    if _DOMAIN.search(body):
        return "the model's operators are those of ONNX's own domain, without a domain's name"
    for word in re.findall(r"\w+", text):
        if _REFUSED.fullmatch(word):
            return "%r may name a file or change the process; a model may not use it" % word
    return ""


def _is_cpu(node: ast.expr) -> bool:
    return (
        isinstance(node, (ast.List, ast.Tuple))
        and len(node.elts) == 1
        and isinstance(node.elts[0], ast.Constant)
        and node.elts[0].value == "CPUExecutionProvider"
    )


def _dotted(node: ast.expr) -> str:
    """`onnx.parser.parse_model` as text, or "" where the expression is no plain dotted name."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else ""


def _reader(inputs: Set[str], refuse: Refuse) -> Callable[[ast.stmt], List[str]]:
    return OnnxPlan(inputs, refuse).statement


ALLOWED = Forms(ROOTS, _reader)
