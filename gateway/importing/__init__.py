"""Real workbooks on their way to the desk: what each message proposes about itself, and the filing of thousands that may be interrupted."""
