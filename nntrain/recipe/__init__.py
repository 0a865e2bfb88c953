"""Recipes: YAML with the places of its keys, checked against a schema, turned into the objects of a run."""
