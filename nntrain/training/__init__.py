"""One training run: plan, engine, the loop that yields events, and when it stops."""
