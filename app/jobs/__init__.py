"""Long work kept in the database."""
