"""Petitions by API: filing, lists, one case, its history and its clocks, what is done to it, what is attached."""
