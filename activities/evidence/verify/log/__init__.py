"""The log of checkpoints: notes, leaves, and the tree over them."""
