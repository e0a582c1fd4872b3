"""Keeping evidence: sealed histories, the journal, the log of checkpoints, and looking whether all of it still holds."""
