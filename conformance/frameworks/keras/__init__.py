"""How Keras is asked."""
