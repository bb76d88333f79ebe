"""How ONNX is asked, a family of ops a file."""

from __future__ import annotations

from conformance.frameworks import families

TABLE = families(__name__)
