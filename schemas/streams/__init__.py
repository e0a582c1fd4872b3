"""What every kind of process has: a chain of events that one pure function decides, and, where people are waited for, a workflow that carries it."""
