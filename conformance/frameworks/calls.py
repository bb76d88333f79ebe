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
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

REQUIRED = object()


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


def known(
    text: str, like: str = "", lengths: Mapping[str, str] | None = None, fixed: Mapping[str, object] | None = None
) -> Known:
    """A signature as `def` has it."""
    definition = ast.parse(f"def f({text}): ...").body[0]
    assert isinstance(definition, ast.FunctionDef)
    said = definition.args
    names = [a.arg for a in (*said.posonlyargs, *said.args)]
    defaults = [*[None] * (len(names) - len(said.defaults)), *said.defaults, *said.kw_defaults]
    names += [a.arg for a in said.kwonlyargs]
    return Known(
        {name: _default(node) for name, node in zip(names, defaults, strict=True)}, like, lengths or {}, fixed or {}
    )


def _default(node: ast.expr | None) -> object:
    if node is None:
        return REQUIRED
    return As(node.id) if isinstance(node, ast.Name) else ast.literal_eval(node)
