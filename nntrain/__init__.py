"""nntrain trains, compares and debugs multi-layer perceptrons, from the shell or from Python.

The floors, imports running downwards only (``tests/test_house.py`` holds this):

===== ============================================================ ==========================================
floor  packages and files                                           hold
===== ============================================================ ==========================================
11     cli                                                          one file a command, streams, live display
10     report                                                       results to text
9      comparison                                                   many runs, and what they say together
8      artifacts                                                    what a run leaves: model file, run directory
7      recipe                                                       recipes to objects
6      diagnostics                                                  what a run's numbers mean; gradient checks
5      training                                                     one run as events
4      network                                                      the layer table, forward and backward
3      layers, norms, activations, losses, initializers,            the course's vocabulary
       optimizers, wrappers, schedules, metrics, data
2      products, turning                                            small matrices in registers
1      kernels, elementary, denormals, blas, gemm                   how a function is compiled; exp; the BLAS
0      errors, registry, random, files, resources, memory           what everything stands on
===== ============================================================ ==========================================
"""

__version__ = "0.1.0"
