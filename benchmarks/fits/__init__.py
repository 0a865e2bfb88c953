"""The accuracy of ``nntrain fit``'s verdict on recipes whose fit is known.

The recipes are in ``sound.yaml``, ``underfit.yaml`` and ``overfit.yaml``. ``python -m benchmarks.fits verify`` confirms
them by experiments and stores the results in ``verified.json``: no change improves a sound recipe materially, while the
cure given with each of the others does. ``python -m benchmarks.fits`` counts the verdicts.
"""
