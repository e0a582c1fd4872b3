"""The rules everybody works by: calendar, policy, organisation; seen, compared, and taken over with a preview."""
