"""nntrain trains, compares and debugs multi-layer perceptrons, from the shell or from Python.

The floors, imports running downwards only (``tests/test_house.py`` holds this):

===== ============================================================ ==========================================
floor  packages and files                                           hold
===== ============================================================ ==========================================
13     cli                                                          one file a command, streams, live display
12     report                                                       results to text
11     comparison                                                   many runs, and what they say together
10     artifacts                                                    what a run leaves: model file, run directory
9      recipe                                                       recipes to objects
8      diagnostics                                                  what a run's numbers mean; gradient checks
7      training                                                     one run as events
6      network                                                      the layer table, forward and backward
5      layers, norms, activations, losses, initializers,            the course's vocabulary
       optimizers, wrappers, schedules, metrics, data
4      products                                                     matrix products
3      blocks, turning                                              small ones, and matrices turned round
2      registers, signals                                           a block; how threads talk
1      kernels, views, elementary, denormals                        how a function is compiled; exp
0      errors, registry, random, files, resources, memory,          what everything stands on
       processors
===== ============================================================ ==========================================
"""

__version__ = "0.1.0"
