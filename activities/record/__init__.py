"""The case record: every command whole in one database transaction, and what can be read back from it."""
