"""The page of one case: where it stands, by when, what it says, what may be done and why not the rest."""
