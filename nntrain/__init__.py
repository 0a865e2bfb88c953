"""nntrain trains, compares and debugs multi-layer perceptrons, from the shell or from Python.

The floors, imports running downwards only (``tests/test_house.py`` holds this):

===== ============================================================ ==========================================
floor  packages and files                                           hold
===== ============================================================ ==========================================
14     cli                                                          one file a command, streams, live display
13     report                                                       results to text
12     comparison                                                   many runs, and what they say together
11     artifacts                                                    what a run leaves: model file, run directory
10     recipe                                                       recipes to objects
9      diagnostics                                                  what a run's numbers mean; gradient checks
8      training                                                     one run as events
7      network                                                      the layer table, forward and backward
6      layers, norms, activations, losses, initializers,            the course's vocabulary
       optimizers, wrappers, schedules, metrics, data
5      products                                                     matrix products
4      blocks, turning                                              small ones, and matrices turned round
3      registers, signals                                           a block; how threads talk
2      kernels                                                      what is compiled, and how it is called
1      compiler, views, elementary, denormals                       what Numba is told to do otherwise; exp
0      errors, registry, random, files, resources, memory,          what everything stands on
       processors
===== ============================================================ ==========================================
"""

__version__ = "0.1.0"
