"""Tables by noun, engine and sessions. Importing it makes all tables known."""

from app.db import (
    audit,
    changes,
    companies,
    consents,
    imports,
    jobs,
    keys,
    matches,
    merges,
    repeats,
    search,
    sessions,
    staff,
    statistics,
)
from app.db.base import Base
from app.db.engine import Database

__all__ = [
    "Base",
    "Database",
    "audit",
    "changes",
    "companies",
    "consents",
    "imports",
    "jobs",
    "keys",
    "matches",
    "merges",
    "repeats",
    "search",
    "sessions",
    "staff",
    "statistics",
]
