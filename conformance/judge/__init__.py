"""Reference and outcome in, verdict and its cause out: pure, no processes and no files."""
