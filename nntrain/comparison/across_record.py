"""Read the directory of a comparison on several problems."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from nntrain.artifacts.history import damaged, first_problem
from nntrain.artifacts.history_facts import Count, Facts, Fraction, Positive, Real
from nntrain.comparison.folder import COMPARISON, PROBLEMS
from nntrain.comparison.profile import Profile
from nntrain.comparison.record import Compared, read_comparison
from nntrain.errors import bad_input

Name = Annotated[str, Field(pattern=r"^\w[\w.-]*$")]  # of a directory


class StandingFacts(Facts):
    """A variant across the problems."""

    name: str
    mean_rank: Positive
    first: Count
    ranks: dict[str, Positive]


class ProfileFacts(Facts):
    """Steps to the target of each problem."""

    targets: dict[Name, Real | None]
    steps: dict[str, dict[str, Positive | None]]
    notes: list[str]


class AcrossRecord(Facts):
    """The keys of problems.json that reports use."""

    ranking: Annotated[list[StandingFacts], Field(min_length=2)]
    p: Fraction
    critical_difference: Positive
    profile: ProfileFacts
    verdict: str


@dataclass(frozen=True)
class ComparedAcross:
    """A finished comparison on several problems.

    Attributes:
        record: its result.
        problems: the comparison on each problem.
    """

    record: AcrossRecord
    problems: Mapping[str, Compared]

    @property
    def profile(self) -> Profile:
        """The steps of each variant to the targets."""
        return read_profile(self.record)


def read_profile(record: AcrossRecord) -> Profile:
    """Return the profile of a record."""
    return Profile(record.profile.targets, record.profile.steps, tuple(record.profile.notes))


def read_record(folder: Path) -> AcrossRecord:
    """Read the result across problems.

    Raises:
        InputError: if the directory has none, or its file is corrupt.
    """
    file = folder / PROBLEMS
    if not file.is_file():
        single = (folder / COMPARISON).is_file()
        what = "is a comparison on one problem" if single else f"is not a comparison on several problems: no {PROBLEMS}"
        hint = "compare recipes with different data, as in nntrain compare iris wine moons --optimizers sgd,adam"
        raise bad_input(folder, what, hint)
    try:
        record = AcrossRecord.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise damaged(file, first_problem(error)) from None
    except OSError as error:
        raise bad_input(file, f"cannot read: {error.strerror}") from None
    names, solvable = {one.name for one in record.ranking}, None
    for one in record.ranking:
        if set(one.ranks) != set(record.profile.targets):
            raise damaged(file, f"ranking: {one.name} does not have a rank on each problem")
    for steps in record.profile.steps.values():
        solvable = set(steps) if solvable is None else solvable
        if set(steps) != solvable or not solvable <= set(record.profile.targets):
            raise damaged(file, "profile.steps: the variants do not have the same problems")
    if set(record.profile.steps) != names:
        raise damaged(file, "profile.steps: does not have the variants of the ranking")
    return record


def read_across(folder: Path) -> ComparedAcross:
    """Read the directory of a comparison on several problems, and the comparison on each.

    Raises:
        InputError: if it is unfinished, or one of its files is corrupt.
    """
    record = read_record(folder)
    return ComparedAcross(record, {name: read_comparison(folder / name) for name in record.profile.targets})
