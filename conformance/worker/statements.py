"""A plan's lines and statements, as Python reads them.

`str.splitlines` also ends a line at U+2028, U+0085, vertical tabs and more; Python's tokenizer does not. Where the two
disagree, what was a comment becomes code.
"""

from __future__ import annotations

import ast
import re
from typing import Dict, List, Sequence, Set, Tuple

_END = re.compile("\r\n|\r|\n")


def code_lines(text: str) -> List[str]:
    """The lines of a text as Python's tokenizer ends them: at \\n, \\r and \\r\\n alone."""
    lines = _END.split(text)
    return lines[:-1] if lines[-1] == "" else lines


def split_once(
    statements: Sequence[ast.stmt], inputs: Sequence[str], taken: "frozenset[str]" = frozenset()
) -> Tuple[List[ast.stmt], List[ast.stmt]]:
    """What runs once, and what runs at each call: the statements before the first that names an input, and the rest.

    Code of a user who compiles a function is like that: a layer is made outside of it. A name that is assigned once and
    again at each call would be a local variable without a value there, so outside it gets a name of its own, which the
    first statements inside give back; so does a name that is `taken`. The trees are changed in place.
    """
    named = set(inputs)
    at = next((i for i, statement in enumerate(statements) if named & _names(statement)), len(statements))
    once, rest = list(statements[:at]), list(statements[at:])
    again = set().union(*map(_assigned, rest)) if rest else set()
    renamed: Dict[str, str] = {}
    for statement in once:
        for name in sorted(_assigned(statement) & (again | taken)):
            renamed[name] = "_once_" + name
    for statement in once:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and node.id in renamed:
                node.id = renamed[node.id]
    given = [ast.parse("%s = %s" % pair).body[0] for pair in renamed.items()]
    return once, given + rest


def _names(statement: ast.stmt) -> Set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}


def _assigned(statement: ast.stmt) -> Set[str]:
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
