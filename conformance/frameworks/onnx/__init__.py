"""How ONNX is asked."""
