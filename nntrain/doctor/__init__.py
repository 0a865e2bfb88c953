"""The doctor: why a recipe trains badly, confirmed by experiments, and the edit that repairs it.

The doctor watches a run and gathers evidence once, asks every diagnosis whether it is suspect, tries the edits that may
cure it, and ranks what the experiments confirm.
"""
