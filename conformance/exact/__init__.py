"""Exact arithmetic: what references compute with."""
