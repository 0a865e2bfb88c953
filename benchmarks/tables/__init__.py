"""Real tables: whether ``nntrain init``'s recipe trains, and how good the model is next to scikit-learn."""
