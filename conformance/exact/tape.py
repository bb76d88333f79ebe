"""Gradients: back along the edges, from cotangents of outputs to inputs; the results are Num, with channels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from conformance.exact.num import Num, add_up


def vjp(outputs: Sequence[Num], cotangents: Sequence[Num], inputs: Sequence[Num]) -> list[Num]:
    """The gradient of sum(output * cotangent) with respect to each input; zeros where nothing depends on it.

    Contributions that meet are added in any order (`add_up`). Where a maximum, a sort or a branch is tied, the
    gradient's range says what any way to break the tie gives (`graph.reach`).
    """
    order = _from_inputs(outputs)
    wanted = {id(i) for i in inputs}
    leads: set[int] = set()
    for node in order:
        if id(node) in wanted or any(id(e.parent) in leads for e in node.edges):
            leads.add(id(node))
    arrived: dict[int, list[Num]] = {}
    for output, cotangent in zip(outputs, cotangents, strict=True):
        if output.shape != cotangent.shape:
            raise ValueError(f"a cotangent of shape {cotangent.shape} for an output of shape {output.shape}")
        arrived.setdefault(id(output), []).append(cotangent)
    found: dict[int, Num] = {}
    for node in reversed(order):
        here = arrived.pop(id(node), None)
        if here is None or id(node) not in leads:
            continue
        g = add_up(*here)
        if id(node) in wanted:
            found[id(node)] = g
        for edge in node.edges:
            if id(edge.parent) in leads:
                arrived.setdefault(id(edge.parent), []).append(edge.pull(g, node))
    return [found[id(i)] if id(i) in found else Num(np.zeros(i.shape)) for i in inputs]


def _from_inputs(outputs: Sequence[Num]) -> list[Num]:
    """Every node behind the outputs, parents first."""
    order: list[Num] = []
    seen: set[int] = set()
    todo = [(output, False) for output in outputs]
    while todo:
        node, expanded = todo.pop()
        if expanded:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            todo.append((node, True))
            todo.extend((e.parent, False) for e in node.edges)
    return order
