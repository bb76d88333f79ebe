"""How long a test waits for what must come: only a guard against a hang, so far above what any machine needs."""

LONG = 1800.0
