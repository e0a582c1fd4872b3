"""What a person leaves lying for later: filters of lists, forms half filled in."""
