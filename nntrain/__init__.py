"""nntrain trains, compares and debugs multi-layer perceptrons, from the shell or from Python.

The floors, imports running downwards only (``tests/test_house.py`` holds this):

===== ============================================================ ==========================================
floor  packages and files                                           hold
===== ============================================================ ==========================================
6      cli                                                          one file a command, streams, live display
5      report, recipe                                               results to text; recipes to objects
4      training, diagnostics                                        one run as events; what its numbers mean
3      network                                                      the layer table, forward and backward
2      layers, activations, losses, initializers, optimizers,       the course's vocabulary
       schedules, metrics, data
1      kernels                                                      how a function is compiled
0      errors, registry, random, files, resources                   what everything stands on
===== ============================================================ ==========================================
"""

__version__ = "0.1.0"
