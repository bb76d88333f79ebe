"""Somebody's call held against a plan's: the same function, and the same arguments once defaults are filled in.

The head of a plan is the one call in it that a person writes down for the whole: what gives the first output, or makes
the layer that does. What stands around it only brings tensors into form.
"""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from conformance.frameworks.calls import REQUIRED, As, Known
from conformance.frameworks.found import find
from conformance.plan import Plan
from conformance.recipe.call import CallError
from conformance.recipe.literals import Expression, evaluate
from conformance.text.nearest import did_you_mean

# What changes no answer of a call that is given its weights, or is the dtype of the case.
FREE = frozenset(
    "name dtype device index_type output_type kernel_initializer recurrent_initializer bias_initializer "
    "beta_initializer gamma_initializer moving_mean_initializer moving_variance_initializer "
    "foreach fused capturable precision".split()
)
_AXES = ("dim", "axis")
_COPIES = ("clone", "copy", "identity", "Parameter", "Variable")
_CASTS = ("to", "astype")
# What gives a tensor another form, and leaves its elements.
_MOVES = frozenset(
    "to astype cast transpose permute reshape expand_dims squeeze unsqueeze movedim moveaxis swapaxes view flatten "
    "constant tensor asarray array stack concat concatenate complex".split()
)
# What people write before the last word -> the modules that it may be.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "F": ("torch.nn.functional",),
    "functional": ("torch.nn.functional",),
    "nn.functional": ("torch.nn.functional",),
    "nn": ("torch.nn", "jax.nn", "tf.nn"),
    "torch": ("torch", "torch.nn.functional"),
    "math": ("tf.math",),
    "tensorflow": ("tf",),
    "tensorflow.nn": ("tf.nn",),
    "tensorflow.math": ("tf.math",),
    **dict.fromkeys(("tf.keras", "tensorflow.keras", "tfk"), ("keras",)),
    **{name: (f"keras.{name}",) for name in ("layers", "ops", "losses", "optimizers", "activations")},
    "optim": ("torch.optim",),
    "torch.functional": ("torch",),
    "keras.ops.nn": ("keras.ops",),
    "jnp": ("jax.numpy",),
    "np": ("numpy",),
    "lax": ("jax.lax",),
}
# Names of modules of others: what stands behind them is no method of a tensor.
_MODULES = frozenset(
    "self cls K backend optax scipy sp hk haiku eqx equinox flax tfp tfa slim chex cupy cp tfio torchvision kornia nnx "
    "mx mlx TF transforms layers_lib tf1 hub".split()
)
_FIRST_WORDS = {"jnp": "jax.numpy", "np": "numpy", "lax": "jax.lax", "tensorflow": "tf", "F": "torch.nn.functional"}


@dataclass(frozen=True)
class Head:
    """The head of a plan. `tensors`: the names that stand for tensors in it."""

    function: str
    call: ast.Call
    tensors: frozenset[str]


def full_names(dotted: str) -> tuple[str, ...]:
    """What a name in somebody's code may be in full; one without a module stays as it is."""
    names = [dotted]
    parts = dotted.split(".")
    for n in range(len(parts) - 1, 0, -1):
        if modules := ALIASES.get(".".join(parts[:n])):
            names += [".".join([module, *parts[n:]]) for module in modules]
            break
    return tuple(dict.fromkeys(names))


def is_method(node: ast.expr) -> bool:
    """Whether any framework's tensors are known to have the method that is called."""
    return isinstance(node, ast.Attribute) and bool(method_names(f"tensor.{node.attr}"))


def method_names(dotted: str) -> dict[str, tuple[str, ...]]:
    """framework -> the names by which a method of a tensor is known; none where a module stands before it."""
    first, _, last = dotted.partition(".")
    frameworks = find()[0].values()
    modules = {word.split(".")[0] for word in ALIASES} | {word for f in frameworks for word in f.first_words}
    if not last or first in modules or (first in _MODULES and "." not in last):
        return {}
    names = ((f, f"{f.tensor}.{dotted.rpartition('.')[2]}") for f in frameworks if f.tensor)
    return {f.name: (name,) for f, name in names if name in f.calls}


def dotted_name(node: ast.expr) -> str:
    """`torch.nn.LSTM`, or "" where it is no plain dotted name."""
    text = ast.unparse(node) if isinstance(node, ast.Attribute | ast.Name) else ""
    return text if all(part.isidentifier() for part in text.split(".")) else ""


def head_of(plan: Plan, roots: Sequence[str]) -> Head | None:
    """The head of a plan of a framework whose dotted names begin with `roots`, or None where no one call is it."""
    return _head_of(plan.text, tuple(plan.inputs), plan.outputs[0], tuple(roots))


# Thousands of parameters are tried for one call, and most are other lengths for the same words.
@lru_cache(maxsize=4096)
def _head_of(text: str, inputs: tuple[str, ...], output: str, roots: tuple[str, ...]) -> Head | None:
    tensors = set(inputs)
    tree = ast.parse(text)
    parts = {name: whole for statement in tree.body for name, whole in _part(statement)}
    output = parts.get(output, output)
    found: Head | None = None
    pending = False  # a layer is made, and not yet called
    made: set[str] = set()  # its name
    for statement in tree.body:
        if not isinstance(statement, ast.Assign) or any(_part(statement)):
            continue
        names = {n.id for target in statement.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
        value = _bare(statement.value)
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Call):
            value = value.func  # layer(...)(x)
        function = dotted_name(value.func) if isinstance(value, ast.Call) else ""
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and function.split(".")[0] in inputs:
            # A method of a tensor is the function of that name whose first argument it is.
            value = ast.Call(value.func, [value.func.value, *value.args], value.keywords)
            function = f".{function.rpartition('.')[2]}"
        own = function.split(".")[0] in roots or (function.startswith(".") and function[1:] in _CASTS)
        copied = function.rpartition(".")[2] in _COPIES
        layer = own and not copied and function.rpartition(".")[2][:1].isupper()
        if found is None and isinstance(value, ast.Call) and own and not copied and (layer or output in names):
            used = {n.id for n in ast.walk(value) if isinstance(n, ast.Name)} - set(roots)
            if not used <= tensors:
                return None  # given what another call made
            found = Head(function, value, frozenset(used))
            pending = output not in names
            made = names if pending else set()
            continue
        if found is not None and pending and layer:
            return None  # of several layers none is the whole
        if found is not None and output in names:
            uses = {n.id for n in ast.walk(statement.value) if isinstance(n, ast.Name)}
            if not pending and not uses & made:
                return None  # changed afterwards, and not by the same layer once more
            pending = False
        if found is None and names & set(inputs):
            return None  # given something else than the inputs
        read = {n.id for n in ast.walk(statement.value) if isinstance(n, ast.Name)} & tensors
        if copied and read:
            tensors |= names
    return found


def _part(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """`real` and `z`, of a statement that takes a complex number apart: `real = z.real`."""
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        return
    value = statement.value
    if isinstance(value, ast.Call) and dotted_name(value.func).endswith((".real", ".imag")) and len(value.args) == 1:
        inner = value.args[0]
    elif isinstance(value, ast.Attribute) and value.attr in ("real", "imag"):
        inner = value.value
    else:
        return
    if isinstance(inner, ast.Name):
        yield statement.targets[0].id, inner.id


def _bare(value: ast.expr) -> ast.expr:
    """A call without what takes one of its outputs, or casts it."""
    while True:
        if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Constant):
            value = value.value
        elif (
            isinstance(value, ast.Call)
            and isinstance(value.func, ast.Attribute)
            and value.func.attr in _CASTS
            and isinstance(value.func.value, ast.Call)
        ):
            value = value.func.value
        else:
            return value


def bind(
    name: str, arguments: Iterable[ast.expr], keywords: Iterable[tuple[str, ast.expr]], known: Known | None
) -> dict[str, ast.expr]:
    """Arguments by parameter; by position where no signature is known. CallError where they don't fit."""
    given: dict[str, ast.expr] = {}
    names = tuple(known.parameters) if known else None
    for place, node in enumerate(arguments):
        if names is not None and place >= len(names):
            raise CallError(f"{name} takes {len(names)} arguments, found {place + 1}; it has: {', '.join(names)}")
        given[names[place] if names is not None else f"argument {place + 1}"] = node
    for word, node in keywords:
        if names is not None and word not in names and word not in FREE:
            hint = did_you_mean(word, names) or f"; it has: {', '.join(names)}"
            raise CallError(f"{name} has no argument {word!r}{hint}")
        if word in given:
            raise CallError(f"{name}: {word} is given twice")
        given[word] = node
    return given


def bound_head(head: Head, known: Known | None) -> dict[str, ast.expr]:
    """The arguments of a head, by parameter."""
    keywords = [(k.arg, k.value) for k in head.call.keywords if k.arg is not None]
    return bind(head.function, head.call.args, keywords, known)


@dataclass(frozen=True)
class Side:
    """One of the two calls that are held against one another: its arguments, and its signature."""

    given: Mapping[str, ast.expr]
    known: Known | None

    def value(self, name: str) -> object:
        """An argument's value, its default, or REQUIRED where there is none."""
        default = self.known.parameters.get(name, REQUIRED) if self.known else REQUIRED
        value = evaluate(self.given[name]) if name in self.given else default
        if isinstance(default, As) and (value is None or value is default):
            return self.value(default.name)
        return value


def differences(
    person: Side, words: Side, tensors: frozenset[str], rank: int, lengths: Mapping[str, object] | None = None
) -> dict[str, str]:
    """parameter -> what was found and what the words have, for every argument that is not the same.

    `lengths`: those of a layer's weights, by its parameter.
    """
    layer = bool(person.known and person.known.like)
    fixed = person.known.fixed if person.known else {}
    names = dict.fromkeys([*(words.known.parameters if words.known else ()), *words.given, *person.given])
    if person.known:
        names |= dict.fromkeys(person.known.parameters)
    found = {}
    for name in names:
        said = words.known.parameters.get(name) if words.known else None
        if name in FREE and said is not REQUIRED:
            continue
        wanted = lengths[name] if lengths and name in lengths else words.value(name)
        has = person.value(name)
        if name in fixed:
            has = fixed[name]
        elif layer and has is True and name in words.given and _holds(words.given[name], tensors):
            continue  # the layer has this weight
        elif layer and has is False and wanted is None:
            continue  # and this one it has not
        elif layer and person.known and name not in person.known.parameters:
            if name in words.given and _holds(words.given[name], tensors):
                continue  # what the layer is called with
            has = words.known.parameters[name] if words.known else REQUIRED
        elif wanted is REQUIRED and person.known and name in person.known.parameters and name not in words.given:
            wanted = person.known.parameters[name]  # an argument that only the layer has
        if name in _AXES and has == () and name not in person.given and wanted == tuple(range(rank)):
            continue  # an empty default is all of them
        if name == "dtype" and _dtype(has) == _dtype(wanted) != "":
            continue
        if not _same(has, wanted, tensors, name in _AXES, rank):
            found[name] = f"{name} is {shown(has)}, expected {shown(wanted, tensors)}"
            if isinstance(has, Expression) and not isinstance(wanted, Expression) and wanted is not REQUIRED:
                given = shlex.quote(f"{has.text}={shown(wanted)}")
                found[name] += f"; its value is not known here: give it, such as --let {given}"
    return found


_DTYPES = {
    "torch": {
        "half": "float16",
        "float": "float32",
        "double": "float64",
        "short": "int16",
        "int": "int32",
        "long": "int64",
    }
}


def _dtype(value: object) -> str:
    """`int32`, of torch.int, tf.int32, "int32" and the like; "" where it is no name of a dtype."""
    text = value.text if isinstance(value, Expression) else value if isinstance(value, str) else ""
    module, _, word = text.rpartition(".")
    return _DTYPES.get(module, {}).get(word, word.rstrip("_") if module or not isinstance(value, Expression) else "")


def counted(person: Side, words: Side) -> bool:
    """Whether the two count an axis from different ends: the same one at this rank, and another at others."""
    return any(
        isinstance(has, int | tuple | list) and isinstance(wanted, int | tuple | list) and _whole(has) != _whole(wanted)
        for has, wanted in ((person.value(name), words.value(name)) for name in _AXES)
    )


def _whole(axes: int | tuple[object, ...] | list[object]) -> tuple[object, ...]:
    return (axes,) if isinstance(axes, int) else tuple(axes)


def shown(value: object, tensors: frozenset[str] = frozenset()) -> str:
    """A value as code has it."""
    if value is REQUIRED:
        return "not given"
    if isinstance(value, Expression):
        return f"a tensor ({value.text})" if _holds(value.node, tensors) else value.text
    if isinstance(value, list | tuple):
        inner = ", ".join(shown(v, tensors) for v in value)
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' if len(value) == 1 else ''})"
    return repr(value)


def _holds(node: ast.AST, tensors: frozenset[str]) -> bool:
    return any(isinstance(n, ast.Name) and n.id in tensors for n in ast.walk(node))


def _same(has: object, wanted: object, tensors: frozenset[str], axis: bool, rank: int) -> bool:
    if isinstance(wanted, Expression):
        return _same_expression(has, wanted.node, tensors)
    if isinstance(has, Expression) and isinstance(wanted, list) and len(wanted) == 1:
        return isinstance(wanted[0], Expression) and _holds(wanted[0].node, tensors)  # model.parameters()
    if isinstance(has, Expression) or has is REQUIRED or wanted is REQUIRED:
        return has is wanted
    if isinstance(has, list | tuple) and isinstance(wanted, list | tuple):
        same = (_same(a, b, tensors, axis, rank) for a, b in zip(has, wanted, strict=False))
        return (len(has) == len(wanted) and all(same)) or (len(has) == 1 and _same(has[0], wanted, tensors, axis, rank))
    if isinstance(wanted, list | tuple):  # one for all
        return bool(wanted) and not isinstance(has, str) and all(_same(has, w, tensors, axis, rank) for w in wanted)
    if isinstance(has, list | tuple):
        return bool(has) and not isinstance(wanted, str) and all(_same(h, wanted, tensors, axis, rank) for h in has)
    if isinstance(has, bool) or isinstance(wanted, bool):
        return has is wanted
    if axis and isinstance(has, int) and isinstance(wanted, int):
        return has % max(rank, 1) == wanted % max(rank, 1) and -rank <= has < rank
    return has == wanted


def _same_expression(has: object, wanted: ast.expr, tensors: frozenset[str]) -> bool:
    """Whether something may stand where the words have an expression: a tensor for a tensor."""
    if not isinstance(has, Expression):
        return False
    return _same_node(has.node, wanted, tensors)


def _same_node(has: ast.expr, wanted: ast.expr, tensors: frozenset[str], top: bool = True) -> bool:
    """The same code, with any tensor in the place of one. The mean of x is none that a person may have called x."""
    if not _holds(wanted, tensors):
        return code(has) == code(wanted)
    if isinstance(wanted, ast.UnaryOp):
        same = isinstance(has, ast.UnaryOp) and type(has.op) is type(wanted.op)
        return same and _same_node(has.operand, wanted.operand, tensors, False)  # type: ignore[attr-defined]
    if isinstance(wanted, ast.BinOp):
        same = isinstance(has, ast.BinOp) and type(has.op) is type(wanted.op)
        return same and all(_same_node(getattr(has, s), getattr(wanted, s), tensors, False) for s in ("left", "right"))
    if isinstance(wanted, ast.Subscript) and isinstance(wanted.value, ast.Call):
        same = isinstance(has, ast.Subscript) and code(has.slice) == code(wanted.slice)
        return same and _same_node(has.value, wanted.value, tensors, False)  # type: ignore[attr-defined]
    if isinstance(wanted, ast.Call) and not _moves(wanted):
        if not isinstance(has, ast.Call) or code(has.func) != code(wanted.func) or len(has.args) != len(wanted.args):
            return False
        has_named, named = ({k.arg: k.value for k in call.keywords} for call in (has, wanted))
        pairs = [*zip(has.args, wanted.args, strict=True), *((has_named.get(k), v) for k, v in named.items())]
        return has_named.keys() == named.keys() and all(a and _same_node(a, b, tensors, False) for a, b in pairs)
    return top or not isinstance(has, ast.Call | ast.BinOp) or (isinstance(has, ast.Call) and _moves(has))


def _moves(call: ast.Call) -> bool:
    return (call.func.attr if isinstance(call.func, ast.Attribute) else "") in _MOVES


def code(node: ast.expr) -> str:
    """Code in its normal form, with names in full."""
    return ast.unparse(in_full(node))


def in_full(node: ast.expr) -> ast.expr:
    """Code with its modules' names in full: jax.numpy for jnp."""
    tree = ast.parse(ast.unparse(node), mode="eval")
    found: ast.expr = ast.fix_missing_locations(_InFull().visit(tree)).body
    return found


class _InFull(ast.NodeTransformer):
    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        name = dotted_name(node)
        first, _, rest = name.partition(".")
        if first in _FIRST_WORDS:
            return ast.parse(f"{_FIRST_WORDS[first]}.{rest}", mode="eval").body
        return node
