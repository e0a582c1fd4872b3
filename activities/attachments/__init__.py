"""What is attached to cases: kept sealed outside the database, by the hash of its content, once it has been looked at."""
