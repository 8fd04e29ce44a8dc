"""`python -m whorl`: the same as the `whorl` command."""

from whorl.cli.main import entry

entry()
