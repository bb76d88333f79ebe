"""Convolution and transposed convolution: conventions, geometry, and the ways in which they are confused."""
