"""What takes minutes: the service under faults, with counts of what was lost; ``python -m tests.soak``."""
