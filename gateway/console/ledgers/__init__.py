"""三本账: the three books as tables, with filters that can be kept and an export equal to what is on screen."""
