"""Statements by the driver itself, past SQLAlchemy: alone, or together where they crowd."""
