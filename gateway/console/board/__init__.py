"""督办看板: how the work stands, every number with its cases behind it."""
