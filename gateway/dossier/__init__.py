"""A case laid out for those who were not there: its timeline, and the dossier that can be checked without us."""
