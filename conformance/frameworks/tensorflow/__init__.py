"""How TensorFlow is asked."""
