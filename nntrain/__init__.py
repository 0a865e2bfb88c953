"""nntrain trains, compares and debugs multi-layer perceptrons, from the shell or from Python.

The floors, imports running downwards only (``tests/test_house.py`` holds this):

===== ============================================================ ==========================================
floor  packages and files                                           hold
===== ============================================================ ==========================================
16     cli                                                          one file a command, streams, live display
15     report                                                       results to text and pages of HTML
14     comparison                                                   many runs, and what they say together
13     artifacts                                                    what a run leaves: model file, run directory
12     recipe                                                       recipes to objects
11     diagnostics                                                  what numbers mean; each layer; gradient checks
10     training                                                     one run as events
9      network                                                      the layer table, forward and backward
8      layers, norms, activations, losses, initializers,            the course's vocabulary
       optimizers, wrappers, schedules, metrics, data
7      products                                                     matrix products
6      blocks, turning                                              small ones, and matrices turned round
5      registers, signals                                           a block; how threads talk
4      beside                                                       compiling in a second process
3      kernels                                                      what is compiled, and how it is called
2      views, elementary, denormals                                 what loops cannot say; exp
1      cache, compiler                                              what Numba is told to do otherwise
0      errors, printable, registry, random, formats, files,          what everything stands on
       resources, memory, processors, as_json
===== ============================================================ ==========================================
"""

__version__ = "0.1.0"
