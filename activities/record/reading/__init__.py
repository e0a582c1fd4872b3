"""Readings of the record beside lists and single cases: what stands, and how much came and went."""
