"""What makes the record stand up: the chain of each case, the log of their heads, and the proofs taken from them. Pure."""
