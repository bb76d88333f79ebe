"""Calls: the signatures of the functions that a framework's words use, as data (`calls.py` in the framework's room).

Words say a thing in one way; people leave out what is the default, name what is written by position, and use a layer
for a function. By its signature somebody's call is held against the words, argument by argument.

    CALLS = {
        "torch.topk": known("input, k, dim=-1, largest=True, sorted=True"),
        "torch.nn.GELU": known("approximate='none'", like="torch.nn.functional.gelu"),
    }

The default of a parameter may be another parameter's name, whose value it then has (`stride=kernel_size`). `like` names
the function in whose words this is read: parameters of the same name mean the same. What a layer has beside them is a
length of its weights (`lengths`: its parameter -> the op's), or whether there is a weight (`bias=True`); what it gives
the function whatever it is told is `fixed`.

        "torch.nn.BatchNorm2d": known(..., like="torch.nn.functional.batch_norm",
                                      lengths={"num_features": "channels"}, fixed={"training": True}),

`says` is the call in words that are read, for one that has other arguments, or is more than one call: {name} is an
argument, and what stands in no hole must have its default. Behind `[0]` or `.values` it may say something else.

        "torch.inverse": known("input", says="torch.linalg.inv({input})"),
        "torch.max": known("input, dim=None, keepdim=False",
                           says={"": "torch.amax({input})", "values": "torch.amax({input}, {dim}, {keepdim})"}),

`of` names the ops that a function asks whose plans no words make. `way` is what to write where a call is refused, and
`instead` that of one that is never read.
A method of a tensor stands by the name of its class, `TENSOR`, as the function whose first argument is the tensor.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

REQUIRED = object()
# The way out of a call with as many outputs as its data has values.
UNIQUE = (
    "it has as many values as differ, which no shape of a plan says: "
    "`conformance ops unique` shows the words of every framework, filled up with 0"
)


@dataclass(frozen=True)
class As:
    """A default that is the value of another parameter."""

    name: str


@dataclass(frozen=True)
class Known:
    """One known function or layer: name -> default, REQUIRED or As, in order."""

    parameters: Mapping[str, object]
    like: str = ""
    lengths: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, object] = field(default_factory=dict)
    says: Mapping[str, str] = field(default_factory=dict)
    of: tuple[str, ...] = ()
    way: str = ""
    instead: str = ""


def known(
    text: str,
    like: str = "",
    lengths: Mapping[str, str] | None = None,
    fixed: Mapping[str, object] | None = None,
    says: str | Mapping[str, str] = "",
    of: tuple[str, ...] = (),
    way: str = "",
    instead: str = "",
) -> Known:
    """A signature as `def` has it."""
    definition = ast.parse(f"def f({text}): ...").body[0]
    assert isinstance(definition, ast.FunctionDef)
    said = definition.args
    names = [a.arg for a in (*said.posonlyargs, *said.args)]
    defaults = [*[None] * (len(names) - len(said.defaults)), *said.defaults, *said.kw_defaults]
    names += [a.arg for a in said.kwonlyargs]
    parameters = {name: _default(node) for name, node in zip(names, defaults, strict=True)}
    spoken = ({"": says} if says else {}) if isinstance(says, str) else says
    return Known(parameters, like, lengths or {}, fixed or {}, spoken, of, way, instead)


def methods(calls: Mapping[str, Known], tensor: str, functions: Iterable[str]) -> dict[str, Known]:
    """The methods of a tensor that are functions of its module, with the same arguments behind the tensor."""
    return {
        f"{tensor}.{name.rpartition('.')[2]}": replace(
            calls[name], like="" if calls[name].says else calls[name].like or name
        )
        for name in functions
    }


def _default(node: ast.expr | None) -> object:
    if node is None:
        return REQUIRED
    return As(node.id) if isinstance(node, ast.Name) else ast.literal_eval(node)
