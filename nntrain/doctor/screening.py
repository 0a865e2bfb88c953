"""Screening: every suspicion's edits, and pairs of them, are tried once, at a single seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from statistics import fmean

from nntrain.doctor.diagnoses import Diagnosis, Suspicion
from nntrain.doctor.edits import Edit
from nntrain.doctor.evidence import Evidence
from nntrain.doctor.trial import Trial, gain
from nntrain.registry import members

MATERIAL = 0.06  # smallest gain of the score that counts
MAX_CONFIRMED = 8  # diagnoses that are confirmed
STRONG = 0.6  # strength of suspicions that are tried in pairs
MAX_PAIRED = 5  # suspicions
MAX_PAIRS = 40  # pairs of edits

Kind = type[Diagnosis]
Suspected = tuple[Kind, Suspicion]


@dataclass(frozen=True)
class Candidate:
    """A suspicion and its edits that looked good in screening."""

    diagnosis: Kind
    suspicion: Suspicion
    screened: tuple[tuple[float, Edit], ...]  # gain and edit, best first


@dataclass(frozen=True)
class Pair:
    """Two faults that only help to repair together."""

    suspected: tuple[Suspected, Suspected]
    edits: tuple[Edit, Edit]

    @property
    def strength(self) -> float:
        """The mean strength of the suspicions."""
        return fmean(suspicion.strength for _, suspicion in self.suspected)

    @property
    def edit(self) -> Edit:
        """Both edits."""
        return self.edits[0] | self.edits[1]


def suspect(evidence: Evidence, recorded: bool = False) -> list[Suspected]:
    """Return what every diagnosis says, the strongest suspicion first.

    Args:
        evidence: to judge by.
        recorded: ask only those diagnoses for which the record of a single run is enough.
    """
    found = []
    for kind in members(Diagnosis).values():
        if recorded and not kind.recorded:
            continue
        suspicion = kind().suspect(evidence)  # type: ignore[call-arg]
        if suspicion is not None:
            found.append((kind, suspicion))
    return sorted(found, key=lambda pair: -pair[1].strength)


def edits_to_try(evidence: Evidence, suspicions: Sequence[Suspected]) -> list[Edit]:
    """Return the edits to try, each once: those that may improve the score only where there is something to gain."""
    edits: dict[str, Edit] = {}
    to_gain = 1 - evidence.base.score
    for kind, suspicion in suspicions:
        if suspicion.note or (kind.measure == "score" and to_gain < MATERIAL and not suspicion.proven):
            continue
        for edit in suspicion.edits:
            edits.setdefault(edit.key, edit)
    return list(edits.values())


def candidates(evidence: Evidence, suspicions: Sequence[Suspected], trials: Mapping[str, Trial]) -> list[Candidate]:
    """Return the suspicions that screening supports, those with the most promising edits first."""
    found = []
    for kind, suspicion in suspicions:
        gains = []
        for edit in suspicion.edits:
            if edit.key in trials:
                value, error = gain(evidence.base, trials[edit.key], kind.measure)
                if value > 0 and (suspicion.proven or value >= max(MATERIAL, error)):
                    gains.append((value, edit))
        if gains or suspicion.proven:
            found.append(Candidate(kind, suspicion, tuple(sorted(gains, key=lambda pair: -pair[0]))))
    best = max((one.screened[0][0] for one in found if one.screened), default=0.0)

    def promise(one: Candidate) -> float:
        share = one.screened[0][0] / best if one.screened and best > 0 else 0.0
        return one.suspicion.strength * (1.0 if one.suspicion.proven else min(share, 1.0) ** 2)

    return sorted(found, key=promise, reverse=True)[:MAX_CONFIRMED]


def pairs_to_try(evidence: Evidence, suspicions: Sequence[Suspected], trials: Mapping[str, Trial]) -> list[Pair]:
    """Return pairs of edits of strong suspicions, where no edit alone brings the score near to 1."""
    best = max((gain(evidence.base, trial, "score")[0] for trial in trials.values()), default=0.0)
    strong = [one for one in suspicions if _pairs(*one)][:MAX_PAIRED]
    if 1 - evidence.base.score - max(best, 0.0) < MATERIAL or len(strong) < 2:
        return []
    found = [
        Pair((one, other), edits)
        for one, other in combinations(strong, 2)
        for edits in product(one[1].edits, other[1].edits)
        if edits[0].compatible(edits[1])
    ]
    return found[:MAX_PAIRS]


def _pairs(kind: Kind, suspicion: Suspicion) -> bool:
    return kind.measure == "score" and not suspicion.note and suspicion.strength >= STRONG


def best_pair(
    evidence: Evidence, pairs: Sequence[Pair], tried: Mapping[str, Trial], trials: Mapping[str, Trial]
) -> Pair | None:
    """Return the strongest suspicions whose edits together gain materially more than any single edit.

    Among several pairs, the strength of the suspicions counts, and the square of what a pair gains of the best gain.

    Args:
        evidence: with the run without any edit.
        pairs: that were tried.
        tried: the trials of the pairs, by key.
        trials: the trials of single edits, by key.
    """
    single = max((gain(evidence.base, trial, "score")[0] for trial in trials.values()), default=0.0)
    gains = []
    for pair in pairs:
        trial = tried.get(pair.edit.key)
        if trial is not None:
            value, error = gain(evidence.base, trial, "score")
            if value >= max(single, 0.0) + MATERIAL and value >= error:
                gains.append((value, pair))
    if not gains:
        return None
    best = max(value for value, _ in gains)
    return max(gains, key=lambda one: one[1].strength * (one[0] / best) ** 2)[1]
