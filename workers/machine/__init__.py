"""The whole system on one machine: its parts, how they are started, watched, restarted and stopped."""
