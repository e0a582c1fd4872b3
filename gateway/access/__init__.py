"""How the web knows its callers: sign-in by account or by the organisation's own identity provider, sessions, tokens."""
