"""Helpers for all packages: files, JSON, memory, random streams."""
