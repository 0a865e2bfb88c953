"""Recipes: YAML with positions, validated against a schema and built into the objects of a run."""
