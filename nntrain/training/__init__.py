"""One run: its plan, its engine, the loop that yields what happens, and when it stops."""
