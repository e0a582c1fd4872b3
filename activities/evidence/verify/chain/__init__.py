"""The chain of one case: whether it holds, and if not, what was done to it."""
