"""Workbooks as they come from the world: read whole, cleaned, refused row by row with a reason."""
