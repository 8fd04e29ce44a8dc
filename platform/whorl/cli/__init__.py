"""The command line: one file for each command. The only part that prints and exits."""
