"""nntrain trains, compares and debugs multi-layer perceptrons, from the shell or from Python.

The floors, imports running downwards only (``tests/test_house.py`` holds this):

===== ============================================================ ==========================================
floor  packages and files                                           hold
===== ============================================================ ==========================================
12     cli                                                          one file a command, streams, live display
11     report                                                       results to text
10     comparison                                                   many runs, and what they say together
9      artifacts                                                    what a run leaves: model file, run directory
8      recipe                                                       recipes to objects
7      diagnostics                                                  what a run's numbers mean; gradient checks
6      training                                                     one run as events
5      network                                                      the layer table, forward and backward
4      layers, norms, activations, losses, initializers,            the course's vocabulary
       optimizers, wrappers, schedules, metrics, data
3      products                                                     matrix products
       blocks, turning                                              small ones, and matrices turned round
2      registers, signals                                           a block; how threads talk
1      kernels, views, elementary, denormals                        how a function is compiled; exp
0      errors, registry, random, files, resources, memory,          what everything stands on
       processors
===== ============================================================ ==========================================
"""

__version__ = "0.1.0"
