"""A few shapes as SVG text, so that the figures need no plotting library."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

INK, PALE, GRID = "#1f2328", "#6e7781", "#d8dee4"
COLOURS = ("#0969da", "#cf222e", "#1a7f37", "#8250df", "#bf8700")


class Drawing:
    """Shapes in pixels, origin at the top left, on white so that they read on any page."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.parts = [f'<rect width="{width}" height="{height}" fill="white"/>']

    def text(self, x: float, y: float, text: str, anchor: str = "start", *, size: int = 12, colour: str = INK) -> None:
        style = f'text-anchor="{anchor}" font-size="{size}" fill="{colour}"'
        self.parts.append(f'<text x="{x:g}" y="{y:g}" {style}>{escape(text)}</text>')

    def line(self, points: Sequence[tuple[float, float]], colour: str = INK, width: float = 1, dash: str = "") -> None:
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        style = f'stroke="{colour}" stroke-width="{width:g}"' + (f' stroke-dasharray="{dash}"' if dash else "")
        self.parts.append(f'<polyline points="{joined}" fill="none" {style}/>')

    def dot(self, x: float, y: float, colour: str) -> None:
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>')

    def box(self, x: float, y: float, width: float, height: float, *, fill: str = "none", stroke: str = INK) -> None:
        self.parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}" stroke="{stroke}"/>'
        )

    def save(self, path: Path) -> None:
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
            f'viewBox="0 0 {self.width} {self.height}" font-family="system-ui, sans-serif">'
        )
        path.write_text("\n".join([head, *self.parts, "</svg>", ""]), encoding="utf-8")
