"""The network as data: a table of layers over one vector of parameters, and the compiled passes over it."""
