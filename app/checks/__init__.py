"""How the service and what it stands on are: for readiness, for metrics, and for ``caravan doctor``."""

from app.checks.collector import ServiceFigures
from app.checks.readiness import Check, Readiness, Report
from app.checks.sampler import Sampler

__all__ = ["Check", "Readiness", "Report", "Sampler", "ServiceFigures"]
