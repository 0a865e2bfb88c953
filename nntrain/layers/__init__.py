"""Layers: the loops that a network's table is walked with, forward and backward side by side."""
