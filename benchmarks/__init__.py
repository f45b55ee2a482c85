"""The measured claims, with peers beside us."""
