"""YAML in, cases out."""
