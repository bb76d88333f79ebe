"""Reads a convolution call as it stands in somebody's code, and says what to write instead in another framework."""
