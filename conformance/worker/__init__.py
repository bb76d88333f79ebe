"""Code that runs inside a framework's own interpreter.

Importable on Python 3.9 with the standard library and an old NumPy alone: nothing here imports the rest of the
package, and the rest of the package imports only `wire`, `environment`, `whitelist` and what that needs from here.
"""
