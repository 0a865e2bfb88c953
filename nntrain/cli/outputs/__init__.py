"""What each command prints with --json, as types from which ``nntrain schema result`` makes JSON Schemas.

They are written by hand, apart from the code that prints: a key that is renamed or missing fails a test.
"""

from typing import Any

from nntrain.cli.outputs.comparison import Across, Comparison
from nntrain.cli.outputs.gradients import Descent, GradientCheck, Mistake, ReplayedStep, Traced
from nntrain.cli.outputs.layers import Diagnosis
from nntrain.cli.outputs.library import Component, Dialect, ShippedRecipe, Shown
from nntrain.cli.outputs.plots import Plot, PlottedView
from nntrain.cli.outputs.predictions import Predicted
from nntrain.cli.outputs.runs import CrossValidation, Difference, Judgment, Repetition, Run, Story
from nntrain.cli.outputs.scores import Evaluation, Importance
from nntrain.cli.outputs.tables import Inspection
from nntrain.cli.outputs.trials import Examination, Experiments, Memorized, RangeTest
from nntrain.cli.outputs.written import Exported, FirstRecipe, Imported, Page

OUTPUTS: dict[str, Any] = {
    "fit": Run | CrossValidation,  # with --folds
    "compare": Comparison | Across,  # of several problems
    "init": FirstRecipe,
    "inspect": Inspection,
    "show": Shown,
    "evaluate": Evaluation,
    "predict": list[Predicted],  # an item on a line
    "importance": Importance,
    "export": Exported,
    "import": Imported,
    "list": list[Component],
    "diagnose": Diagnosis,
    "doctor": Examination,
    "lr": RangeTest,
    "overfit": Memorized,
    "experiment": Experiments,
    "trace": Traced,
    "report": Page,
    "why": Story,
    "runs": list[Run],
    "assert": Judgment,
    "diff": Difference,
    "branch": Run,
    "replay": ReplayedStep,
    "verify": Repetition,
    "plot": Plot | PlottedView,  # fit and boundary
    "surface": Descent,
    "gradcheck": list[GradientCheck] | list[Mistake],  # with --mutate
    "dialects": list[Dialect],
    "recipes": list[ShippedRecipe],
}
