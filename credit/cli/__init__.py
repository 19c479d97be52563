"""The `credit` command."""

from credit.cli.commands import app, main

__all__ = ["app", "main"]
