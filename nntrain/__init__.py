"""nntrain trains, compares and debugs multi-layer perceptrons, from the shell or from Python.

The floors, imports running downwards only (``tests/test_house.py`` holds this):

===== ============================================================ ==============================================
floor  packages and files                                           hold
===== ============================================================ ==============================================
13     cli                                                          one file a command, streams, live display
12     report                                                       results as text and HTML pages
11     comparison                                                   many runs, and what they say together
10     doctor                                                       why a recipe trains badly, and its repair
9      artifacts                                                    what a run leaves: model file, run directory
8      recipe                                                       recipes to objects
7      diagnostics                                                  verdicts, layer statistics, gradient checks
6      training                                                     one run as events
5      network                                                      the layer table, inference and backpropagation
4      layers, norms, activations, losses, initializers,            the course's vocabulary
       optimizers, schedules, metrics, data
3      matmul                                                       matrix products
2      jit                                                          what is compiled, its cache, what loops need
1      utils                                                        files, JSON, memory, random streams
0      errors, printable, registry                                  what everything stands on
===== ============================================================ ==============================================
"""

__version__ = "0.1.0"
