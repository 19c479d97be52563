"""Run the command as a module: ``python -m credit.cli``."""

from credit.cli import main

main()
