"""The command line's core as functions: ``nntrain.fit`` and ``nntrain.load``."""
