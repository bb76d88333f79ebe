"""One self-contained page: template, styles, scripts and the data, put together and written whole or not at all."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from conformance.text.files import write_whole
from conformance.text.plain import clean

_PLACE = re.compile(r"\{\{(\w+)\}\}")


def write_page(
    path: Path | str,
    title: str,
    lead: str,
    tone: str,
    data: Any,
    scripts: Sequence[str],
    charts: bool = False,
    origin: Sequence[tuple[str, str]] = (),
) -> None:
    """Write a page. `lead` is the sentence that is there before any script runs, `tone` is good, bad or open.

    `origin` are (name, words) below it, such as the date and the processor.

    `scripts` are files beside this one, in order. OSError where the page can't be written; nothing is left of it then.
    """
    style = _file("style.css")
    script = _file("vendor/virtual.min.js")
    if charts:
        style = _file("vendor/uplot.min.css") + style
        script += "\n" + _file("vendor/uplot.min.js")
    script += "\n(() => {\n" + "\n".join(_file(name) for name in scripts) + "\n})();\n"
    page = fill(
        _file("page.html"),
        {
            "policy": _policy(script),
            "title": html.escape(clean(title)),
            "lead": html.escape(clean(lead)),
            "tone": tone,
            "origin": _pairs(origin),
            "style": style,
            "data": packed(data),
            "script": script,
        },
    )
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, page)


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    shown = [
        f"<div><dt>{html.escape(clean(name))}</dt><dd>{html.escape(clean(words))}</dd></div>" for name, words in pairs
    ]
    return f'<dl class="origin">{"".join(shown)}</dl>' if shown else ""


def fill(template: str, values: dict[str, str]) -> str:
    """The template with each {{name}} replaced once: what is put in is not looked at again."""
    return _PLACE.sub(lambda match: values[match[1]], template)


def packed(data: Any) -> str:
    """JSON, gzip, base64: none of its characters means anything to HTML."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    # A framework's words may hold lone surrogates, which UTF-8 does not take.
    return base64.b64encode(gzip.compress(text.encode("utf-8", "backslashreplace"), 9, mtime=0)).decode()


def _policy(script: str) -> str:
    """A content security policy: this one script, and no request to anywhere."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:"


def _file(name: str) -> str:
    return files("conformance.report.html").joinpath(name).read_text(encoding="utf-8")
