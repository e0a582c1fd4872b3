"""The case record: one database transaction per command, and what can be read back from it."""
