"""Conformance: a cross-framework conformance harness for tensor operations."""

__version__ = "0.1.0"
DISTRIBUTION = "tensor-conformance"  # what pip calls it; `conformance` there is another project's
