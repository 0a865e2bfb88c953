"""nntrain trains, compares and debugs multi-layer perceptrons, from the shell or from Python.

The floors, imports running downwards only (``tests/test_house.py`` holds this):

===== ============================================================ ==========================================
floor  packages and files                                           hold
===== ============================================================ ==========================================
10     cli                                                          one file a command, streams, live display
9      report                                                       results to text
8      comparison                                                   many runs, and what they say together
7      artifacts                                                    what a run leaves: model file, run directory
6      recipe                                                       recipes to objects
5      diagnostics                                                  what a run's numbers mean; gradient checks
4      training                                                     one run as events
3      network                                                      the layer table, forward and backward
2      layers, norms, activations, losses, initializers,            the course's vocabulary
       optimizers, wrappers, schedules, metrics, data
1      kernels, elementary, blas                                    how a function is compiled; exp; the BLAS
0      errors, registry, random, files, resources                   what everything stands on
===== ============================================================ ==========================================
"""

__version__ = "0.1.0"
