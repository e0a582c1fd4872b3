"""How things are said: the terms of the field, events as sentences, due dates with their reasons."""
