"""What every process shares: models, actors, units, working time, calendars, errors. Knows no process."""
