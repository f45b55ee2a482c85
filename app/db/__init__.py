"""Tables by noun, engine and sessions. Importing it makes all tables known."""

from app.db import audit, changes, companies, imports, jobs, matches, merges, search, sessions, staff, statistics
from app.db.base import Base
from app.db.engine import Database

__all__ = [
    "Base",
    "Database",
    "audit",
    "changes",
    "companies",
    "imports",
    "jobs",
    "matches",
    "merges",
    "search",
    "sessions",
    "staff",
    "statistics",
]
