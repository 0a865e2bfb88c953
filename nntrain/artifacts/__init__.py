"""The files of a run: model file and run directory."""
