"""How often ``nntrain doctor`` names the true cause, on recipes that were broken on purpose.

``bases.py`` holds healthy recipes on tables of their own (``tables.py``), ``mutate_recipe.py`` and ``mutate_data.py``
the operators that break them, each with the diagnoses that name the fault and its cure. ``verify.py`` keeps those that
are verified: the broken recipe's test score is clearly worse than its cure's (``verified.json``). ``examine.py`` lets
the doctor examine them, and the healthy recipes of ``benchmarks.fits``; ``summary.py`` counts. Half of the tables are
for development, the other half is held out.
"""
