"""What every web door shares: the application, who calls, how errors are told, the process that serves."""
