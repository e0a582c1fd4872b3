"""Whether the record stands as it was written: chains, heads, seals, the log and its checkpoints, and everything that must agree with them."""
