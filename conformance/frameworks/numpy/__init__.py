"""How NumPy is asked."""
