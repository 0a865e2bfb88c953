"""nntrain trains, compares and debugs multi-layer perceptrons, from the shell or from Python.

From Python: ``fit`` trains a recipe, ``compare`` compares variants, ``load`` opens a model; ``MLPClassifier`` and
``MLPRegressor`` are estimators for scikit-learn. They are imported when first used, so that ``import nntrain`` is
instant.

The levels of the package; imports go downwards only (``tests/test_house.py`` checks this):

===== ============================================================ ==============================================
level  packages and files                                           content
===== ============================================================ ==============================================
14     cli                                                          one file per command, streams, live display
13     estimators, api                                              scikit-learn's interface; nntrain.fit, compare, load
12     report                                                       results as text and HTML pages
11     comparison                                                   comparisons of many runs
10     doctor, export                                               why a recipe trains badly; other tools' formats
9      artifacts                                                    the files of a run: model file, run directory
8      recipe                                                       recipes, parsed and checked
7      diagnostics                                                  verdicts, layer statistics, gradient checks
6      training                                                     one run, as a stream of events
5      network                                                      the layer table, inference and backpropagation
4      layers, norms, activations, losses, initializers,            the components of a recipe
       optimizers, schedules, metrics, data
3      matmul                                                       matrix products
2      jit                                                          compilation, its cache, low-level helpers
1      utils                                                        files, JSON, memory, random streams
0      errors, printable, registry                                  used everywhere
===== ============================================================ ==============================================
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nntrain.api.comparison import compare as compare
    from nntrain.api.model import load as load
    from nntrain.api.run import fit as fit
    from nntrain.estimators.classifier import MLPClassifier as MLPClassifier
    from nntrain.estimators.regressor import MLPRegressor as MLPRegressor

__version__ = "0.1.0"
PUBLIC = {
    "MLPClassifier": "nntrain.estimators.classifier",
    "MLPRegressor": "nntrain.estimators.regressor",
    "compare": "nntrain.api.comparison",
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
