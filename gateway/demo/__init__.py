"""The demonstration: a city of our own whose offices are played by robots, and the board on which one sees them work."""
