"""Fictional firms to try the service with."""
