"""How Keras is asked, a family of ops a file.

https://keras.io/api/layers/
https://keras.io/api/ops/
"""

from __future__ import annotations

from conformance.frameworks import families

TABLE = families(__name__)
