"""What several commands share: how options are declared, a run around one record, the gate, signals, where results go.

A command imports nothing of another command.
"""
