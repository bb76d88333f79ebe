"""The page of declared divergences: what differs, where and why, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from conformance.known.entry import Entry, specifier_text
from conformance.text.markdown import code, escaped, table

KINDS = {
    "bug": "somebody's defect",
    "convention": "both sides are right by their own documentation",
    "limitation": "it refuses what it could do",
}


def render_page(entries: Sequence[Entry]) -> str:
    """A page with a section a file, in the files' order."""
    lines = ["# Known divergences of the shipped suite", ""]
    lines += [
        "Made by `conformance known --markdown -o docs/divergences.md` from `cases/known/`; see [known.md](known.md).",
        "",
    ]
    if not entries:
        return "\n".join([*lines, "No divergence is declared.", ""])
    kinds = [entry.known.kind for entry in entries]
    lines += [f"{len(entries)} declared:", ""]
    lines += [f"- {kinds.count(kind)} {kind}: {said}" for kind, said in KINDS.items() if kind in kinds]
    for file in dict.fromkeys(entry.source.file for entry in entries):
        mine = [entry for entry in entries if entry.source.file == file]
        lines += ["", f"## {PurePath(file).stem}", ""]
        lines += table(["divergence", "where", "what is seen", "why"], map(_row, mine))[:-1]
    return "\n".join([*lines, ""])


def _row(entry: Entry) -> list[str]:
    known = entry.known
    why = escaped(known.reason) + (f" ([upstream]({known.link}))" if known.link else "")
    if entry.expires is not None:
        why += f" Expires {entry.expires}."
    return [f"{code(known.name)}<br>{known.kind}", _where(entry), _what(entry), why]


def _where(entry: Entry) -> str:
    said = [", ".join(code(str(named)) for named in entry.targets)]
    said += [escaped(f"{name} {specifier_text(specifier)}") for name, specifier in entry.versions]
    said += [" or ".join(map(code, entry.ops))] if entry.ops else []
    said += [" or ".join(code(glob.pattern) for glob in entry.cases)] if entry.cases else []
    said += [" and ".join(code(part.text) for part in entry.params)] if entry.params else []
    said += [" or ".join(words) for words in (entry.dtypes, entry.devices, entry.modes) if words]
    said += ["when " + " and ".join(code(part.text) for part in entry.when)] if entry.when else []
    said += ["comes and goes"] if entry.comes_and_goes else []
    return "<br>".join(said)


def _what(entry: Entry) -> str:
    said = [" or ".join(sorted(entry.statuses)) + (", not on all of them" if entry.sometimes else "")]
    said += [code(entry.cause)] if entry.cause is not None else []
    said += [code(words.text) for words in (entry.message, entry.explanation) if words is not None]
    if entry.fraction is not None:
        said.append(f"{entry.fraction[0]:g} to {entry.fraction[1]:g} of the allowance")
    return "<br>".join(said)
