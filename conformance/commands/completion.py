"""`conformance completion SHELL`: a script that completes commands, options and files in a shell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from conformance.commands.table import build_parser
from conformance.session import declare
from conformance.session.outputs import output
from conformance.usage import OK


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `completion` is asked."""

    shell: str = declare.positional(choices=("bash", "zsh", "tcsh"), help="the shell that is to complete")


def main(options: Options) -> int:
    """Print the script."""
    import shtab  # what no other command needs

    parser = build_parser()
    for command in parser.commands.values():
        for action in command._actions:
            if action.type in (Path, output):
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(parser, options.shell))
    return OK
