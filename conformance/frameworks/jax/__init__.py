"""How JAX is asked."""
