"""What a run leaves behind: the model file, and the directory it lies in."""
