"""The command line: a file a command, and all that touches streams, signals and exit statuses."""
