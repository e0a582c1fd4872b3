"""The security trail: what happened at the doors, for auditors."""
