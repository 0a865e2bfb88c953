"""Read the directory of a finished comparison.

The type and range of every value are checked here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from nntrain.artifacts.history import damaged, first_problem
from nntrain.artifacts.history_facts import Count, Facts, Fraction, Positive, Real
from nntrain.comparison.folder import COMPARISON, PROBLEMS, RUNS
from nntrain.comparison.ledger import rows_of
from nntrain.comparison.run_result import RunResult
from nntrain.errors import bad_input
from nntrain.metrics import metrics
from nntrain.metrics.names import MetricName


class Quartiles(Facts):
    """Median and quartiles; None if not finite."""

    median: Real | None
    q1: Real | None
    q3: Real | None


class Reached(Facts):
    """When runs reached the target, and how many missed it."""

    missed: Count
    steps: Positive | None


class Outcome(Facts):
    """The runs of a variant with one setting."""

    settings: dict[str, Real]
    runs: Count
    diverged: Fraction
    scores: dict[str, dict[str, Quartiles]]
    seconds: Quartiles
    target: Reached | None


class Variant(Facts):
    """A variant: with its defaults and, if there were trials, tuned."""

    name: str
    lr: Positive | None = None
    default: Outcome
    tuned: Outcome | None

    @property
    def phases(self) -> dict[str, Outcome]:
        """Its outcomes by phase, the ranked one first."""
        return {"default": self.default} if self.tuned is None else {"tuned": self.tuned, "default": self.default}


class Difference(Facts):
    """Two variants compared on the same seeds; an infinite end of the interval is None."""

    a: str
    b: str
    n: Count
    difference: Real | None
    low: Real | None
    high: Real | None
    p_holm: Fraction
    shown: bool
    verdict: str


class Record(Facts):
    """The keys of comparison.json that reports use."""

    measure: Annotated[str, Field(pattern=rf"^(train|validation|test)\.({'|'.join(['loss', *metrics()])})$")]
    metric: MetricName
    seeds: list[Count]
    trials: Count
    target: Real | None
    variants: Annotated[list[Variant], Field(min_length=1)]
    pairs: list[Difference]
    verdict: str
    varied: list[str]
    notes: list[str]


@dataclass(frozen=True)
class Compared:
    """A finished comparison.

    Attributes:
        record: its result.
        runs: the evaluation runs of each variant and phase, by seed.
    """

    record: Record
    runs: Mapping[tuple[str, str], Mapping[int, RunResult]]


def read_comparison(folder: Path) -> Compared:
    """Read the directory of a comparison.

    Raises:
        InputError: if it is unfinished, or one of its files is corrupt.
    """
    file = folder / COMPARISON
    if (folder / PROBLEMS).is_file():
        inside = sorted(str(one.parent) for one in folder.glob(f"*/{COMPARISON}"))
        raise bad_input(folder, "is a comparison on several problems", f"name one of them: {', '.join(inside)}")
    missing = [name for name in (COMPARISON, RUNS) if not (folder / name).is_file()]
    if missing:
        what = f"is not the directory of a finished comparison: missing {', '.join(missing)}"
        raise bad_input(folder, what, "run the same compare command again to finish it")
    try:
        record = Record.model_validate_json(file.read_bytes())
        file = folder / RUNS
        rows, _ = rows_of(file.read_bytes(), file)
    except ValidationError as error:
        raise damaged(file, first_problem(error)) from None
    except OSError as error:
        raise bad_input(file, f"cannot read: {error.strerror}") from None
    runs: dict[tuple[str, str], dict[int, RunResult]] = {}
    for row in rows.values():
        variant, phase, seed = (row.about.get(key) for key in ("variant", "phase", "seed"))
        if isinstance(seed, int) and seed in record.seeds:
            runs.setdefault((str(variant), str(phase)), {})[seed] = row
    return Compared(record, runs)
