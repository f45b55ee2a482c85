"""JSON routes, a file a noun."""
