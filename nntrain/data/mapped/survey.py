"""The first pass over a table in blocks: the roles of its columns, and what its target is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.data import Label
from nntrain.data.column_facts import MAX_DISTINCT_KEPT
from nntrain.data.columns.categorical import Categorical
from nntrain.data.columns.date import FORMATS, Date
from nntrain.data.mapped.facts import FactsInBlocks
from nntrain.data.numbers import complete_numbers
from nntrain.data.reading.blocks import BlockReader
from nntrain.data.roles import Role, role_of
from nntrain.data.table import TableFile
from nntrain.data.table_notes import marker_notes, why_ignored
from nntrain.data.target import missing_targets, read_target
from nntrain.data.text_table import Table
from nntrain.errors import Place, bad_input, bad_key, counted, listed, refuse

ENOUGH = 200  # rows of a sample of the target's cells from which the task is decided as from all rows
Say = Callable[[str, int], None]  # is told what is being done, and the number of rows so far


@dataclass(frozen=True)
class Survey:
    """What the first pass over a table has found.

    Attributes:
        targets: the names of the targets.
        roles: of the columns to predict from.
        levels: the categories of each column that has some, in order.
        classes: the label of each class, or None for numbers.
        codes: the class index of each cell of each target; empty for numbers.
        missing: the cells that stand for a missing target, besides empty ones.
        notes: messages to the user.
        rows: the number of rows with a target.
    """

    targets: list[str]
    roles: dict[str, Role]
    levels: dict[str, tuple[str, ...]]
    classes: tuple[Label, ...] | None
    codes: tuple[dict[str, int], ...]
    missing: tuple[frozenset[str], ...]
    notes: tuple[str, ...]
    rows: int

    def labeled(self, block: Table) -> Table:
        """Return the rows of a block that have a target."""
        missing = np.zeros(block.height, bool)
        for name, marked in zip(self.targets, self.missing, strict=True):
            cells = block.cells(name)
            missing |= (cells.is_null() | cells.is_in(list(marked)).fill_null(False)).to_numpy()
        return block.where(~missing) if missing.any() else block

    def target(self, block: Table) -> NDArray[Any]:
        """Return the targets of a block whose rows all have one: class indices (N, L), or numbers (N, T)."""
        import polars as pl

        if self.classes is None:
            y, problems = complete_numbers(block, self.targets)
            refuse(problems)
            return y
        pairs = zip(self.targets, self.codes, strict=True)
        columns = [block.cells(name).replace_strict(codes, return_dtype=pl.Int64) for name, codes in pairs]
        return np.stack([column.to_numpy() for column in columns], axis=1)


def survey(source: TableFile, reader: BlockReader, say: Say) -> Survey:
    """Read a table once, and return what is in it.

    Raises:
        InputError: if it is no table, lacks a column, or has no usable target.
    """
    targets = [source.target] if isinstance(source.target, str) else source.target
    names: list[str] = []
    facts: dict[str, FactsInBlocks] = {}
    of_targets = {name: FactsInBlocks() for name in targets}
    rows = labeled = 0
    for block in reader:
        if not names:
            names = source.features_of(block, targets)
            facts = {name: FactsInBlocks() for name in names}
        for name, found in of_targets.items():
            found.add(block, name)
        missing = missing_targets(block, targets, source.task)
        kept = block.where(~missing) if missing.any() else block
        for name, found in facts.items():
            found.add(kept, name)
        rows, labeled = rows + block.height, labeled + kept.height
        say("reading", rows)
    sample = _sample(of_targets, reader, rows)
    lacking = [missing_targets(sample, [name], source.task) for name in targets]
    marked = tuple(
        frozenset(np.array(sample.cells(name).to_list(), object)[lacks].tolist())
        for name, lacks in zip(targets, lacking, strict=True)
    )
    if not labeled:
        raise bad_input(reader.path, f"no row has a target {listed(map(repr, targets))}")
    any_lacking = np.logical_or.reduce(lacking)
    whole = sample.where(~any_lacking) if any_lacking.any() else sample
    target = read_target(whole, targets, source.task)
    refuse(target.problems)
    if target.classes is not None and not all(found.complete for found in of_targets.values()):
        raise bad_input(reader.path, f"target {targets[0]!r} has more than {MAX_DISTINCT_KEPT:,} classes")
    codes: tuple[dict[str, int], ...] = ()
    if target.classes is not None:
        columns = target.y.reshape(len(target.y), -1).T
        pairs = zip(targets, columns, strict=True)
        codes = tuple(dict(zip(whole.cells(name).to_list(), y.tolist(), strict=True)) for name, y in pairs)
    roles = _roles(source, facts)
    used = {name: role for name, role in roles.items() if role.column.used}
    if not used:
        raise bad_input(reader.path, "no column is left to predict from", why_ignored(roles))
    notes = list(target.notes)
    notes += [f"{counted(rows - labeled, 'row')} without a target left out"] if rows > labeled else []
    notes += marker_notes(_sample(facts, reader, rows, markers=True), roles)
    ignored = {name: role for name, role in roles.items() if not role.column.used and name not in source.columns}
    notes += [why_ignored(ignored)] if ignored else []
    levels = {name: tuple(sorted(facts[name].cells)) for name in used if isinstance(used[name].column, Categorical)}
    return Survey(targets, roles, levels, target.classes, codes, marked, tuple(notes), labeled)


def _roles(source: TableFile, facts: dict[str, FactsInBlocks]) -> dict[str, Role]:
    """Return the role of each column: that of the recipe, or the detected one; with its date format."""
    roles = {}
    for name, found in facts.items():
        column = source.columns.get(name)
        role = role_of(name, found) if column is None else Role(column, "set in the recipe")
        if isinstance(role.column, Date) and role.column.format is None:
            role = role._replace(column=role.column.model_copy(update={"format": found.date_format or FORMATS[0]}))
        if isinstance(role.column, Categorical) and not found.complete:
            what = f"column {name!r} has more than {MAX_DISTINCT_KEPT:,} categories"
            raise bad_key("data.source.columns", what, f"set {{{name}: ignore}}")
        roles[name] = role
    return roles


def _sample(facts: dict[str, FactsInBlocks], reader: BlockReader, rows: int, markers: bool = False) -> Table:
    """Return a table with the distinct cells of columns that are not missing, repeated to fill it.

    With ``markers`` it has the markers of missing values alone.
    """
    import polars as pl

    cells = {name: sorted(found.markers) if markers else list(found.cells) for name, found in facts.items()}
    height = max([len(one) for one in cells.values()])
    height = height if markers else min(rows, max(2 * height, ENOUGH))
    columns = {
        name: [one[row % len(one)] for row in range(height)] if one else [None] * height for name, one in cells.items()
    }
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    place = Place(reader.path)
    separator = reader.reading.mark(reader.path)
    return Table(reader.path, frame, "", lambda row: place, reader.reading, separator, reader.for_recipe)
