"""What is measured: one module per subject, each run in a process of its own, and the list of them."""
