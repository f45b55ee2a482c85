"""Alembic migrations; run by `caravan migrate`."""
