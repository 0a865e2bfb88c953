"""Read a table for a model: in the way in which its training data were read."""

from collections.abc import Sequence
from dataclasses import replace

from nntrain.artifacts.model import Model
from nntrain.data.reading import KINDS, Reading, ending
from nntrain.data.reading.files import read_table
from nntrain.data.table import TableFile
from nntrain.data.text_table import Table
from nntrain.recipe.table_options import with_options


def model_table(
    model: Model, path: str, separator: str | None = None, read: Sequence[str] = (), reading: Reading | None = None
) -> Table:
    """Read the table at ``path`` (``-``: standard input) for a model.

    Args:
        model: the model.
        path: of the table.
        separator: of its cells; None: as in the model's recipe.
        read: settings ``KEY=VALUE`` that differ from the recipe's.
        reading: how the table is read; None: as the training data were.

    Raises:
        InputError: if it cannot be read, or a setting is wrong.
    """
    source = model.recipe.data.source
    if not isinstance(source, TableFile):
        return read_table(path, with_options(reading or Reading(), read, separator), for_recipe=False)
    reading = reading or source.reading
    if ending(path) in KINDS:  # a file of another format than that of the training data
        reading = reading.model_copy(update={"format": None})
    table = read_table(path, with_options(reading, read, separator), for_recipe=False, like=source.path)
    return replace(table, tokens=source.tokens)
