"""``nntrain export``: a trained model for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nntrain.cli.arguments import Code, JsonOption, Trained
from nntrain.errors import bad_input, nearest

FORMATS = ("onnx", "torch", "keras", "numpy", "c", "sklearn", "recipe")


def command(
    model: Trained,
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help=f"One of {', '.join(FORMATS)}.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="File to write.  [default: standard output]")
    ] = None,
    code: Code = None,
    json: JsonOption = False,
) -> None:
    """Export a trained model for other tools.

    onnx: opset 17, with preprocessing and class labels inside (install nntrain[onnx]). torch: a Python file with a
    torch.nn.Module that loads the model file. keras: the same with a Keras model. numpy: a Python file that needs NumPy
    alone. c: a C99 header. sklearn: a Python file that builds scikit-learn's MLPClassifier or MLPRegressor. recipe: the
    recipe as YAML.

    --json prints the path of the file that -o names, and its size.
    """
    from nntrain.cli.result import note, print_json, print_text
    from nntrain.utils.files import write_atomically

    if json and output is None:
        raise bad_input("--json", "standard output is for the exported model", "name a file for it with -o")
    content, notes = export(model, to)
    if not json:
        note(notes)
    if output is not None:
        write_atomically(output, content)
        if json:
            print_json({"model": model, "to": to, "path": str(output), "bytes": len(content), "notes": notes})
    elif to == "onnx":
        raise bad_input("--to onnx", "is not text: name a file with -o")
    else:
        print_text(content.decode())


def export(model: str, to: str) -> tuple[bytes, list[str]]:
    """Return the model that ``model`` names in a format, and notes for the user.

    Raises:
        InputError: if there is no such model or format, or the format cannot hold the model.
    """
    if to not in FORMATS:
        raise bad_input(
            "--to", f"unknown format {to!r}", f"{nearest(to, FORMATS)} formats: {', '.join(FORMATS)}".strip()
        )
    from nntrain.artifacts.lookup import find_model
    from nntrain.artifacts.model import Model
    from nntrain.export import export as exported
    from nntrain.export import without_threshold

    loaded = Model.load(find_model(model))
    notes = [without_threshold(loaded)] if loaded.threshold is not None and to != "recipe" else []
    return exported(loaded, to), notes
