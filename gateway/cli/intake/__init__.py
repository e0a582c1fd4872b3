"""``sanzhang intake``: petitions that come over a broker."""

from gateway.cli.intake.broker import app

__all__ = ["app"]
