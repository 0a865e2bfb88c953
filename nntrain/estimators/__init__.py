"""scikit-learn estimators that train with nntrain's engine."""
