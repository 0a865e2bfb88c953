"""What a run's numbers mean: which way the curves go, and what to try."""
