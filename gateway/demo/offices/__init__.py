"""The robots that play the offices: what becomes of a case, who acts on it next, and the carrying out."""
