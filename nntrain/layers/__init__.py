"""Layers: the forward and backward loops that the passes over the layer table call."""
