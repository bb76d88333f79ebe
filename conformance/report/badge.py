"""A badge: an SVG file, or the JSON that shields.io's endpoint reads."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

from conformance.record import Reader
from conformance.text.files import write_whole
from conformance.usage import OK, UNEXPECTED, UsageError
from conformance.verdict import Status

LABEL = "conformance"
# White text on these has a contrast of 4.5 and more.
GREEN, RED, GREY = "#2a7d2e", "#c0352b", "#5c6370"
_NARROW, _WIDE = "fijlrt.,:;!|()[]' ", "mwMW@%"


def check_name(path: Path) -> None:
    """UsageError where the name does not say which badge is meant."""
    if path.suffix.lower() not in (".svg", ".json"):
        raise UsageError(f"--badge: {path} ends in {path.suffix!r}, expected .svg, or .json for shields.io")


def facts(reader: Reader, code: int) -> tuple[str, str]:
    """(message, colour) of a record that ended with this exit code."""
    counts = reader.counts()
    apart = (Status.PASS, Status.UNSUPPORTED)
    passed = sum(n for (_, status, _), n in counts.items() if status is Status.PASS)
    known = sum(n for (_, status, known), n in counts.items() if known and status not in apart)
    unexpected = sum(n for (_, status, known), n in counts.items() if not known and status not in apart)
    if code == OK:
        return f"{passed:,} agree" + (f", {known:,} known" if known else ""), GREEN
    if code == UNEXPECTED:
        return f"{unexpected:,} unexpected" if unexpected else "stale", RED
    return "error", GREY


def write(path: Path, message: str, colour: str) -> None:
    """Write the badge that the file's name asks for. OSError where it can't be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() == ".json":
        shown = {"schemaVersion": 1, "label": LABEL, "message": message, "color": colour.lstrip("#")}
        text = json.dumps(shown, indent=2) + "\n"
    else:
        text = svg(message, colour)
    write_whole(path, text)


def svg(message: str, colour: str) -> str:
    """A flat badge, 20 pixels high."""
    left, right = _width(LABEL) + 12, _width(message) + 12
    title = escape(f"{LABEL}: {message}")
    font = 'font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" fill="#fff" text-anchor="middle"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{title}">'
        f"<title>{title}</title>"
        f'<clipPath id="r"><rect width="{left + right}" height="20" rx="3"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#444"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>'
        f'<g {font}><text x="{left / 2:g}" y="14" textLength="{left - 12}">{LABEL}</text>'
        f'<text x="{left + right / 2:g}" y="14" textLength="{right - 12}">{escape(message)}</text></g></svg>\n'
    )


def _width(text: str) -> int:
    # About Verdana at 11 pixels; textLength makes the text fit exactly.
    return round(sum(4 if c in _NARROW else 10 if c in _WIDE else 7 for c in text))
