"""The JSON contract."""
