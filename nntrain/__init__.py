"""nntrain trains, compares and debugs multi-layer perceptrons, from the shell or from Python.

From Python: ``fit`` trains a recipe, ``load`` opens a model; ``MLPClassifier`` and ``MLPRegressor`` are estimators for
scikit-learn. They are imported when first used, so that ``import nntrain`` is instant.

The floors, imports running downwards only (``tests/test_house.py`` holds this):

===== ============================================================ ==============================================
floor  packages and files                                           hold
===== ============================================================ ==============================================
14     cli                                                          one file a command, streams, live display
13     estimators, api                                              scikit-learn's interface, and nntrain.fit and load
12     report                                                       results as text and HTML pages
11     comparison                                                   many runs, and what they say together
10     doctor, export                                               why a recipe trains badly; other tools' formats
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

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nntrain.api.model import load as load
    from nntrain.api.run import fit as fit
    from nntrain.estimators.classifier import MLPClassifier as MLPClassifier
    from nntrain.estimators.regressor import MLPRegressor as MLPRegressor

__version__ = "0.1.0"
PUBLIC = {
    "MLPClassifier": "nntrain.estimators.classifier",
    "MLPRegressor": "nntrain.estimators.regressor",
    "fit": "nntrain.api.run",
    "load": "nntrain.api.model",
}


def __getattr__(name: str) -> Any:
    """Import what a user asks for by name, at the first use."""
    if name not in PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(PUBLIC[name]), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted([*globals(), *PUBLIC])
