"""``sanzhang audit``: whether the record can be relied on, and what it says of a case. A module for each question."""
