"""The pages anybody may open: submit, track, read what has been disclosed. Nobody signs in here, and nothing personal is shown."""
