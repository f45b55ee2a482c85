"""Reads, each with a fixed number of statements."""
