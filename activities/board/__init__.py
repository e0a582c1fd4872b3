"""The sums behind the board of today: kept beside the record, so that a million cases are counted in the time of a few."""
