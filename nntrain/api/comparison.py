"""A comparison from Python."""

import warnings
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from nntrain.api.interruption import interruptible
from nntrain.api.notebook import ProgressLine
from nntrain.comparison.analysis import result_of
from nntrain.comparison.executors import Threads
from nntrain.comparison.folder import COMPARISON, RUNS
from nntrain.comparison.ledger import Ledger
from nntrain.comparison.protocol import compare as run_all
from nntrain.comparison.request import Request, prepare
from nntrain.comparison.result import Result
from nntrain.comparison.variants import Axis
from nntrain.errors import bad_input
from nntrain.report.comparison_export import rows
from nntrain.utils.files import make_folder, write_atomically
from nntrain.utils.json import as_json

if TYPE_CHECKING:
    import polars as pl

SHOWN = ("rank", "variant", "setting", "runs", "diverged")  # columns of the table in a notebook, beside the scores


@dataclass(frozen=True)
class Comparison:
    """Variants of recipes, ranked by their median on the validation split."""

    _result: Result

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The result, as ``nntrain compare --json`` prints it: ``variants``, ``pairs``, ``verdict`` and more."""
        return self._result.to_json()

    @cached_property
    def table(self) -> "pl.DataFrame":
        """A row for each variant, best first, with the columns of ``nntrain compare --csv``."""
        import polars as pl

        return pl.DataFrame(rows(self._result), infer_schema_length=None)

    @property
    def verdict(self) -> str:
        """What the comparison shows, and how certain it is."""
        return self._result.verdict

    @property
    def best(self) -> str:
        """The name of the variant that ranks first."""
        return self._result.variants[0].name

    def _repr_html_(self) -> str:
        """Return the verdict and the ranking as HTML for a notebook."""
        from html import escape

        measured = self._result.measure.replace(".", "_")
        names = [name for name in self.table.columns if name in SHOWN or name.startswith(measured)]
        return f"<p>{escape(self.verdict)}</p>{self.table.select(names)._repr_html_()}"


def compare(
    recipes: str | Path | Sequence[str | Path],
    vary: Mapping[str, Sequence[Any]] | None = None,
    settings: Sequence[str] = (),
    *,
    seeds: int | None = None,
    trials: int = 0,
    measure: str | None = None,
    target: float | None = None,
    out: str | Path | None = None,
) -> Comparison:
    """Compare variants of recipes on the same seeds, as ``nntrain compare`` does.

    Args:
        recipes: a recipe file or the name of a shipped recipe, or several.
        vary: values by key of the recipe, as in ``{"optimizer": ["sgd", "adam"], "model.dropout": [0, 0.5]}``; every
            combination is a variant.
        settings: overrides for all variants, as in ``["training.epochs=20"]``.
        seeds: runs of each variant; None for 10, or as many as it takes to show a difference.
        trials: tuning trials of each variant.
        measure: what to rank by, such as ``validation.loss``; None for that, or for the metric where losses differ.
        target: a value of the measure to reach on the validation split.
        out: directory for the runs, so that an interrupted comparison goes on; None: nothing is kept on disk.

    Raises:
        InputError: if a recipe, its data or a value is wrong.
        KeyboardInterrupt: if it is interrupted; finished runs are kept in ``out``.
    """
    paths = [recipes] if isinstance(recipes, str | Path) else list(recipes)
    axes = [_axis(key, values) for key, values in (vary or {}).items()]
    request = Request([str(path) for path in paths], settings, axes, trials, seeds, measure, target)
    variants, runs = prepare(request)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()) if out is None else out)
        make_folder(folder)
        interrupted = stack.enter_context(interruptible())
        ledger = stack.enter_context(Ledger(folder / RUNS, lambda text: warnings.warn(text, stacklevel=4)))
        line = ProgressLine()
        for event in run_all(variants, runs, ledger, Threads(interrupted)):
            line.show(f"{event.done:,} of {event.total:,} runs")
        line.close()
        if interrupted():
            raise KeyboardInterrupt("the comparison was interrupted" + ("" if out is None else f"; runs kept in {out}"))
        result = result_of(runs)
        if out is not None:
            write_atomically(folder / COMPARISON, as_json(result.to_json(), indent=2))
    return Comparison(result)


def _axis(key: str, values: Sequence[Any]) -> Axis:
    place = f"vary[{key!r}]"
    if isinstance(values, str) or not values:
        raise bad_input(place, f"found {values!r}, expected a list of values", "such as {'optimizer': ['sgd', 'adam']}")
    return Axis(key, tuple(values), place)
