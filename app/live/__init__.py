"""The register in memory."""

from app.live.register import Fresh, LiveRegister

__all__ = ["Fresh", "LiveRegister"]
