"""Diagnoses: causes of bad training.

A diagnosis is a component: it says what makes it suspect, and which edits of the recipe may cure it. A new file in this
folder, or a class in one of its files, is a new diagnosis.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from nntrain.doctor.edits import Edit, Measure
from nntrain.registry import Component

if TYPE_CHECKING:
    from nntrain.doctor.evidence import Evidence


@dataclass(frozen=True)
class Suspicion:
    """A diagnosis that the evidence suggests.

    Attributes:
        strength: how well the evidence fits, from 0 (only worth a try) to 1 (hardly anything else explains it).
        text: what is seen, with its numbers.
        edits: the edits to try, each on its own.
        evidence: the numbers behind the text, by name.
        proven: whether the evidence alone proves it, so that it is reported even if no edit improves the score.
        note: whether it is harmless: reported as a note, not as a fault.
    """

    strength: float
    text: str
    edits: tuple[Edit, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    proven: bool = False
    note: bool = False


class Diagnosis(Component, family="diagnosis"):
    """A cause of bad training.

    A member's docstring says in its first line what is wrong, then why it harms, and holds formula and source.
    """

    title: ClassVar[str]  # as the report prints it
    lecture: ClassVar[str] = ""  # the deck, and its word for it
    measure: ClassVar[Measure] = "score"  # what its cure improves
    recorded: ClassVar[bool] = True  # whether the record of a single run is enough to suspect it

    def suspect(self, evidence: "Evidence") -> Suspicion | None:
        """Return what the evidence says for this diagnosis; None if it is out of the question."""
        raise NotImplementedError
