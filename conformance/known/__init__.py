"""Declared divergences: where they apply, what they look like, and why. They are still run, and stale ones surface.

docs/known.md describes the files.
"""

from conformance.known.entry import Entry
from conformance.known.table import KnownTable, render_table

__all__ = ["Entry", "KnownTable", "render_table"]
