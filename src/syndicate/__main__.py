"""Lets `python -m syndicate` be the command `syndicate`."""

from syndicate.cli import main

main()
