"""What ``predict`` prints."""

from typing import Any, NotRequired

from typing_extensions import TypedDict

from nntrain.cli.outputs.numbers import Label


class Predicted(TypedDict):
    """A row; prediction: by target; probabilities: by class, or of several labels by label; kept: columns of --keep."""

    prediction: dict[str, Label]
    probabilities: NotRequired[dict[str, float]]
    kept: NotRequired[dict[str, Any]]
