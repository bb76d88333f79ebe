"""How TensorFlow is asked, a family of ops a file.

https://www.tensorflow.org/api_docs/python/tf/nn
"""

from __future__ import annotations

from conformance.frameworks import families

TABLE = families(__name__)
