"""The smallest case that fails in the same way: parameters first, then values."""

from conformance.minimize.search import Minimal, NotMinimizable, minimize

__all__ = ["Minimal", "NotMinimizable", "minimize"]
