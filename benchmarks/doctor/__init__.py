"""How often ``nntrain doctor`` names the true cause, on recipes that were broken on purpose.

``healthy.py`` holds healthy recipes on many data sets, ``mutations.py`` operators that break them, each with the
diagnosis that is right and its cure. A broken recipe counts only if it is verified: its test score is clearly worse
than the healthy one's, and undoing the mutation restores it. Half of the data sets are for development, the other half
is held out. ``python -m benchmarks.doctor`` reports both.
"""
