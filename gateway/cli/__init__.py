"""The command line: the same commands and refusals as every other door."""

from gateway.cli.main import main

__all__ = ["main"]
