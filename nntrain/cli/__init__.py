"""The command line: one file per command, and everything that touches streams, signals and exit statuses."""
