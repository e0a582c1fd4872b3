"""Notices on their way from the outbox to people: taken in batches, delivered by every transport there is, once by each."""
