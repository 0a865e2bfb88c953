"""What the doctor found, as one record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Tried:
    """An edit that was tried on other seeds than the watched run.

    Attributes:
        settings: recipe keys and values; empty where the rows were changed.
        text: the change in words.
        measure: what it improves: ``score``, ``balanced`` (averaged over classes) or ``loss`` (1 - scaled loss).
        before: mean validation score, by that measure, without it.
        after: the same with it.
        metric_before: mean validation accuracy or R² without it.
        metric_after: the same with it.
        error: standard error of after - before.
        seeds: number of runs of each.
    """

    settings: Mapping[str, Any]
    text: str
    measure: str
    before: float
    after: float
    metric_before: float | None
    metric_after: float | None
    error: float
    seeds: int

    @property
    def gain(self) -> float:
        """By how much the score improved."""
        return self.after - self.before


@dataclass(frozen=True)
class Found:
    """A confirmed diagnosis.

    Attributes:
        id: its stable name.
        title: for people.
        about: why it harms.
        rank: 1 for the most likely cause.
        confidence: from 0 to 1.
        text: what was seen.
        evidence: the numbers behind it.
        lecture: the lecture's word.
        tried: the edits that were tried, best first.
    """

    id: str
    title: str
    about: str
    rank: int
    confidence: float
    text: str
    evidence: Mapping[str, Any]
    lecture: str
    tried: tuple[Tried, ...]

    @property
    def word(self) -> str:
        """The confidence in a word."""
        return "certain" if self.confidence >= 0.75 else "likely" if self.confidence >= 0.4 else "possible"


@dataclass(frozen=True)
class Report:
    """The result of an examination.

    Attributes:
        recipe: name of the recipe.
        metric: accuracy or r2.
        split: the split that scores are measured on.
        score: of the recipe as it is: 0 for the best constant prediction, 1 perfect.
        metric_value: its accuracy or R².
        found: what is wrong, the most likely cause first; empty for a healthy recipe.
        notes: harmless observations.
        checked: number of diagnoses considered.
        experiments: number of runs.
        seconds: time that the runs took.
        complete: whether all planned experiments fitted into the budget.
        diverged: whether the recipe's own run diverged.
    """

    recipe: str
    metric: str
    split: str
    score: float
    metric_value: float | None
    found: tuple[Found, ...]
    notes: tuple[str, ...]
    checked: int
    experiments: int
    seconds: float
    complete: bool
    diverged: bool

    @property
    def fix(self) -> Mapping[str, Any]:
        """The settings that repair the recipe; empty if none is known."""
        for found in self.found:
            for tried in found.tried:
                if tried.settings:
                    return tried.settings
        return {}

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        from dataclasses import asdict

        return {
            **asdict(self),
            "healthy": not self.found,
            "found": [
                {
                    **asdict(one),
                    "word": one.word,
                    "tried": [{**asdict(tried), "gain": tried.gain} for tried in one.tried],
                }
                for one in self.found
            ],
            "fix": dict(self.fix),
        }
