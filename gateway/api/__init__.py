"""``/api/v1``: the same commands, refusals and readings as the command line, for machines."""
