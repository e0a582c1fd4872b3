"""A case laid out for those who were not there: its timeline, whether it holds, and the dossier that can be checked without us."""
