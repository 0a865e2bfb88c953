"""How often the verdict of ``nntrain fit`` is right, on recipes whose fit is known.

Three files hold the recipes: ``sound.yaml``, ``underfit.yaml`` and ``overfit.yaml``. Experiments verify them
(``python -m benchmarks.fits verify``, whose results are in ``verified.json``): no change of a sound recipe improves it
by a material amount, and the change that comes with each of the others, its cure, does. ``python -m benchmarks.fits``
counts the verdicts.
"""
