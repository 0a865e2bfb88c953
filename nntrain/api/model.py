"""A trained model for use from Python."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.api.frames import as_file, as_frame
from nntrain.artifacts.lookup import find_model
from nntrain.artifacts.model import Model
from nntrain.artifacts.model_rows import feature_rows
from nntrain.artifacts.model_table import model_table
from nntrain.artifacts.named_arrays import named_arrays
from nntrain.data.reading import Reading
from nntrain.errors import bad_input
from nntrain.export import FORMATS, export, without_threshold
from nntrain.recipe.schema import to_data
from nntrain.utils.files import write_atomically


@dataclass(frozen=True)
class TrainedModel:
    """A trained model.

    Rows are a frame of polars or pandas with the model's columns, in any order, or an array with these columns alone.
    """

    _model: Model

    @property
    def recipe(self) -> dict[str, Any]:
        """The complete recipe that it was trained with, as plain data."""
        return to_data(self._model.recipe)

    @property
    def weights(self) -> Mapping[str, NDArray[Any]]:
        """The arrays of the network under PyTorch's names and in its shapes: ``0.weight`` (O, I), ``0.bias`` (O) ..."""
        return named_arrays(self._model.network, self._model.theta)

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the columns that it predicts from."""
        return self._model.column_names

    @property
    def classes(self) -> tuple[Any, ...] | None:
        """The labels of the classes; None for regression."""
        return self._model.classes

    def predict(self, rows: Any) -> NDArray[Any]:
        """Return the class label of each row (N,), or the predicted numbers (N,); for several targets (N, T).

        Raises:
            InputError: if a column is missing, or a cell is not what the model needs.
        """
        predicted = self._model.predictions(self._outputs(rows))
        if self._model.classes is not None:
            return np.asarray(np.array(self._model.classes)[predicted])
        return predicted.ravel() if predicted.shape[1] == 1 else predicted

    def predict_proba(self, rows: Any) -> NDArray[np.float64]:
        """Return the probability of each class (N, C), in the order of ``classes``; of several labels (N, L), each.

        Raises:
            InputError: as :meth:`predict`, and if the model has no probabilities.
        """
        found = self._model.probabilities(self._outputs(rows))
        if found is None:
            raise bad_input("predict_proba", f"the loss {self._model.loss.name} gives no probabilities")
        return found

    def save(self, path: str | Path) -> None:
        """Write the model file.

        Raises:
            InputError: if it cannot be written.
        """
        self._model.save(Path(path))

    def export(self, to: str, path: str | Path) -> None:
        """Write the model in the format of another tool: onnx, torch, keras, numpy, c, sklearn or recipe.

        Raises:
            InputError: if the format is unknown or cannot hold the model, or the file cannot be written.
        """
        if to not in FORMATS:
            raise bad_input("export", f"unknown format {to!r}", f"formats: {', '.join(FORMATS)}")
        if self._model.threshold is not None and to != "recipe":
            warnings.warn(without_threshold(self._model), stacklevel=2)
        write_atomically(Path(path), export(self._model, to))

    def _outputs(self, rows: Any) -> NDArray[Any]:
        with as_file(as_frame(rows, self.features)) as path:
            x, notes = feature_rows(self._model, model_table(self._model, str(path), reading=Reading()))
        for note in notes:
            warnings.warn(note, stacklevel=3)
        (outputs,) = self._model.outputs(x)
        return outputs

    def _repr_html_(self) -> str:
        """Return a few lines of HTML for a notebook."""
        from html import escape

        layers = " → ".join(escape(layer.label) for layer in self._model.network.layers)
        what = "regression" if self.classes is None else f"{len(self.classes)} classes"
        name = escape(self._model.recipe.name or "model")
        return f"<p><b>{name}</b>: {layers}; {what}, {self._model.network.parameters:,} parameters</p>"


def load(path: str | Path) -> TrainedModel:
    """Return the model of a model file or run directory.

    Raises:
        InputError: if there is none, or the file is not a model.
    """
    return TrainedModel(Model.load(find_model(str(path))))
