"""Views of a record. Every report reads a `Reader` and nothing else."""
