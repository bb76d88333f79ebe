"""How JAX is asked, a family of ops a file.

https://docs.jax.dev/en/latest/jax.lax.html
"""

from __future__ import annotations

from conformance.frameworks import families

TABLE = families(__name__)
