"""Out-of-fold predictions: each row is predicted by the model that did not see it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nntrain.artifacts.model import Model
    from nntrain.data import Dataset


def write_predictions(path: Path, runs: Sequence[Path]) -> int:
    """Write the predictions of each fold's model for the fold's rows as CSV, in the order of the rows; return how many.

    The columns are the number of the row in the data (from 1), the fold, the target, the prediction, and for classes
    the probability of each.
    """
    import polars as pl

    from nntrain.artifacts.model import Model
    from nntrain.artifacts.model_rows import as_trained, located
    from nntrain.artifacts.run_files import MODEL
    from nntrain.data.partition import partition
    from nntrain.recipe.build import read_rows
    from nntrain.utils.files import write_atomically

    blocks, dataset = [], None
    for run in runs:
        model = Model.load(run / MODEL)
        recipe = located(model.recipe, run / MODEL)
        if dataset is None:
            recipe, dataset = read_rows(recipe, Path.cwd())
        known = as_trained(model, dataset, str(run))
        chosen = partition(known, recipe.data.splitting(recipe.seed))["test"]
        positions = chosen if dataset.rows is None else dataset.rows[chosen]
        fold = 0 if recipe.data.fold is None else recipe.data.fold.number
        columns = {"row": positions + 1, "fold": fold, **_columns(model, known, chosen)}
        blocks.append(pl.DataFrame(columns))
    table = pl.concat(blocks).sort("row")
    write_atomically(path, table.write_csv().encode())
    return table.height


def _columns(model: Model, dataset: Dataset, rows: Any) -> dict[str, Any]:
    """Return the columns of the targets and of the predictions for some rows."""
    import numpy as np

    from nntrain.cli.predictions import predictions

    outputs = np.concatenate(list(model.outputs(dataset.x[rows])))
    y = dataset.y[rows]
    if model.classes is None:
        found = {name: y[:, place] for place, name in enumerate(model.target_names)}
    else:
        pairs = zip(model.target_names, y.reshape(len(y), -1).T, strict=True)
        found = {name: [model.classes[index] for index in column] for name, column in pairs}
    proba = model.probabilities(outputs[:1]) is not None
    predicted = predictions(model, outputs, proba, 0)
    return found | {
        f"predicted_{name}" if name in model.target_names else name: values
        for name, values in predicted.columns.items()
    }
