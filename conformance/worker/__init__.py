"""Code that runs inside a framework's own interpreter.

Importable on Python 3.9 with the standard library and an old NumPy alone: nothing here imports the rest of the
package. What a framework's room adds to it (`runtime.py`, `allowed.py`) imports this package by its whole name, which
it has in every worker, and nothing else of ours.
"""
