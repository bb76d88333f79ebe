"""A case asked of targets: its inputs, plans and requests, and the loop that sends them and judges what comes back."""
