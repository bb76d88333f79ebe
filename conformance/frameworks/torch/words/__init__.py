"""How PyTorch is asked, a family of ops a file.

https://docs.pytorch.org/docs/stable/nn.functional.html
"""

from __future__ import annotations

from conformance.frameworks import families

TABLE = families(__name__)
