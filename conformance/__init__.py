"""Conformance: a cross-framework conformance harness for tensor operations."""

__version__ = "0.1.0"
