"""Tables that are larger than memory: converted once to memory-mapped files, from which they are trained on."""
