"""How PyTorch is asked."""
