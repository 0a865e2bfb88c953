"""Results as tables, curves, summaries and HTML pages. Nothing here depends on the training engine."""
