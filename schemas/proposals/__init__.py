"""What a text proposes about itself. A proposal is a help for the person who files; it decides nothing."""
