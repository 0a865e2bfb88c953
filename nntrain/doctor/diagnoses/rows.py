"""Faults of the order and the splits of the rows: numbered rows, repeated rows, splits that differ, wrong labels."""

from typing import Literal

from nntrain.data.table import TableFile
from nntrain.doctor.diagnoses import Diagnosis, Suspicion
from nntrain.doctor.edits import Edit
from nntrain.doctor.evidence import Evidence

MANY_REPEATED = 0.1  # fraction of the validation rows
MANY_CONTRADICTED = 0.03  # fraction of the training rows


class IdColumn(Diagnosis):
    """A column numbers the rows: it tells nothing about new rows, and if the rows are sorted it leaks the target.

    Source: Kaufman et al., Leakage in data mining, 2012.
    """

    name: Literal["id_column"] = "id_column"
    title = "a feature numbers the rows"
    lecture = "N: generalization"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect such a column of rows that are sorted by the target; note any other."""
        found = evidence.numbered
        if not found:
            return None
        names = [one.name for one in found]
        sorted_by = [one.name for one in found if one.tells_target]
        text = f"{', '.join(names)} numbers the rows: whole numbers, all different, without gaps"
        edits: tuple[Edit, ...] = ()
        source = evidence.recipe.data.source
        others = [name for name in evidence.case.dataset.feature_names if name not in names]
        if isinstance(source, TableFile) and others:
            edits = (Edit({"data.source.exclude": [*source.exclude, *names]}),)
        if not sorted_by:
            return Suspicion(0.1, f"{text}; exclude it if it means nothing", edits, {"features": names}, note=True)
        text += "; the rows are sorted by the target, so that their number gives it away"
        return Suspicion(0.97, text, edits, {"features": names}, proven=True)


class RepeatedRows(Diagnosis):
    """Rows are both in the training and in the validation split, whose score then measures memory.

    Source: Kaufman et al., Leakage in data mining, 2012.
    """

    name: Literal["repeated_rows"] = "repeated_rows"
    title = "the same rows in training and validation"
    lecture = "N: generalization"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where more validation rows than chance explains are training rows as well."""
        fraction = evidence.repeated
        if fraction < MANY_REPEATED:
            return None
        text = f"{fraction:.0%} of the validation rows are also training rows, with the same target: "
        text += "remove the copies, or the scores are too good"
        return Suspicion(0.9, text, evidence={"repeated": fraction}, proven=True)


class SplitsDiffer(Diagnosis):
    """Training and validation rows have different distributions, so that the network is judged on what it never saw.

    Source: Quiñonero-Candela et al., Dataset shift in machine learning, 2009.
    """

    name: Literal["splits_differ"] = "splits_differ"
    title = "training and validation rows differ"
    lecture = "N: generalization"

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Suspect it where means differ by far more than chance, and the validation score is worse."""
        found = evidence.shifts
        if not found:
            return None
        name, stds, errors = found[0]
        text = f"the mean of {name} differs by {stds:.2f} standard deviations ({errors:.0f} standard errors)"
        apart = evidence.trial.train_score - evidence.trial.score
        numbers = {"feature": name, "stds": stds, "errors": errors, "gap": apart}
        if apart < 0.1:
            return Suspicion(0.1, f"{self.title}: {text}", evidence=numbers, note=True)
        text += (
            f"; the score is {evidence.trial.train_score:.2f} on training rows and {evidence.trial.score:.2f} on others"
        )
        return Suspicion(0.9, text, evidence=numbers, proven=True)


class WrongLabels(Diagnosis):
    """Labels contradict those of all similar rows: some of them are probably wrong.

    Source: Brodley and Friedl, Identifying mislabeled training data, 1999.
    """

    name: Literal["wrong_labels"] = "wrong_labels"
    title = "labels that contradict their neighbors"
    lecture = "N: data preparation"
    recorded = False

    def suspect(self, evidence: Evidence) -> Suspicion | None:
        """Note it where neighbors tell the class in general, but contradict many labels."""
        fraction = evidence.contradicted
        if fraction < MANY_CONTRADICTED or evidence.neighbors[0] < 0.3:
            return None
        text = f"{fraction:.0%} of the training labels contradict those of nearly all similar rows: check them"
        return Suspicion(0.1, text, evidence={"contradicted": fraction}, note=True)
