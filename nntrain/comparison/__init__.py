"""Comparisons of many runs: variants, the protocol, executors, the ledger and the statistics."""
