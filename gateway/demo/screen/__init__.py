"""What one sees of the demonstration: the record as it grows, told on a live board, in plain lines or as JSON."""
