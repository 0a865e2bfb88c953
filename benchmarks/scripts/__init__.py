"""The shortest scripts that do with a peer what ``nntrain fit`` does with a shipped recipe.

Each is ``python -m benchmarks.scripts.PEER JOB FOLDER``: it reads the data, splits and standardizes them, trains, keeps
the best epoch where the recipe stops early, writes the model and a report. What they have in common is in
``common.py``, as most of such scripts have it: scikit-learn's data sets, split and scaler.
"""
