"""Interpreters and installed releases: which one a target's worker runs in, and how it is made."""
