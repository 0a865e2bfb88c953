"""How fast nntrain is beside what a user would use instead, and beside what the machine could do. See README.md."""
