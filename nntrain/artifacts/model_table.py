"""Read a table for a model: in the way in which its training data were read."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from nntrain.artifacts.model import Model
from nntrain.data.reading import KINDS, Reading, ending
from nntrain.data.reading.blocks import BlockReader
from nntrain.data.reading.files import read_table
from nntrain.data.table import TableFile
from nntrain.data.text_table import Table
from nntrain.recipe.mapped import is_large
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
    chosen = _reading(model, path, separator, read, reading)
    if not isinstance(source, TableFile):
        return read_table(path, chosen, for_recipe=False)
    return replace(read_table(path, chosen, for_recipe=False, like=source.path), tokens=source.tokens)


def model_blocks(model: Model, path: str, separator: str | None = None, read: Sequence[str] = ()) -> Iterator[Table]:
    """Yield the table at ``path`` for a model in blocks of rows; one that is not large is a single block.

    Arguments and errors as of :func:`model_table`.
    """
    if not is_large(path):
        yield model_table(model, path, separator, read)
        return
    source = model.recipe.data.source
    tokens = source.tokens if isinstance(source, TableFile) else frozenset()
    reader = BlockReader(path, _reading(model, path, separator, read, None), tokens, for_recipe=False)
    reader.check()
    yield from reader


def _reading(model: Model, path: str, separator: str | None, read: Sequence[str], reading: Reading | None) -> Reading:
    """Return how the table at ``path`` is read."""
    source = model.recipe.data.source
    if not isinstance(source, TableFile):
        return with_options(reading or Reading(), read, separator)
    reading = reading or source.reading
    if ending(path) in KINDS:  # a file of another format than that of the training data
        reading = reading.model_copy(update={"format": None})
    return with_options(reading, read, separator)
