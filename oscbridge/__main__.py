"""`python -m oscbridge` is the same as the `oscbridge` command."""

from oscbridge.cli import main

main()
