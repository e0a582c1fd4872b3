"""Who may come in: accounts, sessions, tokens, and the database's own guard over rows."""
