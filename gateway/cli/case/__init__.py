"""``sanzhang case``: one petition, or a list of them."""
