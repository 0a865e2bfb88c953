"""Precision, recall and F1 of all decisions together, and means over the samples."""

from typing import ClassVar, Literal

from nntrain.metrics.f1 import Average, Averaged, Of


class PrecisionMicro(Averaged):
    """The precision of all decisions together, whatever their class or label; of a single label, the accuracy.

    Formula:
        precision_micro = the precision from the sums over the classes or labels

    Source: sklearn.metrics.precision_score with average="micro".
    """

    name: Literal["precision_micro"] = "precision_micro"
    label: ClassVar[str] = "micro precision"
    of: ClassVar[Of] = "precision"
    average: ClassVar[Average] = "micro"


class PrecisionSamples(Averaged):
    """The mean over the samples of the precision of a sample's labels; of a single label, the accuracy.

    Formula:
        precision_samples = 1/N Σ_i (precision of the labels of sample i); 0/0 counts as 0

    Source: sklearn.metrics.precision_score with average="samples".
    """

    name: Literal["precision_samples"] = "precision_samples"
    label: ClassVar[str] = "precision of samples"
    of: ClassVar[Of] = "precision"
    average: ClassVar[Average] = "samples"


class RecallMicro(Averaged):
    """The recall of all decisions together, whatever their class or label; of a single label, the accuracy.

    Formula:
        recall_micro = the recall from the sums over the classes or labels

    Source: sklearn.metrics.recall_score with average="micro".
    """

    name: Literal["recall_micro"] = "recall_micro"
    label: ClassVar[str] = "micro recall"
    of: ClassVar[Of] = "recall"
    average: ClassVar[Average] = "micro"


class RecallSamples(Averaged):
    """The mean over the samples of the recall of a sample's labels; of a single label, the accuracy.

    Formula:
        recall_samples = 1/N Σ_i (recall of the labels of sample i); 0/0 counts as 0

    Source: sklearn.metrics.recall_score with average="samples".
    """

    name: Literal["recall_samples"] = "recall_samples"
    label: ClassVar[str] = "recall of samples"
    of: ClassVar[Of] = "recall"
    average: ClassVar[Average] = "samples"


class F1Micro(Averaged):
    """The F1 of all decisions together, whatever their class or label; of a single label, the accuracy.

    Formula:
        f1_micro = the F1 from the sums over the classes or labels

    Source: sklearn.metrics.f1_score with average="micro".
    """

    name: Literal["f1_micro"] = "f1_micro"
    label: ClassVar[str] = "micro F1"
    of: ClassVar[Of] = "f1"
    average: ClassVar[Average] = "micro"


class F1Samples(Averaged):
    """The mean over the samples of the F1 of a sample's labels; of a single label, the accuracy.

    Formula:
        f1_samples = 1/N Σ_i (F1 of the labels of sample i); 0/0 counts as 0

    Source: sklearn.metrics.f1_score with average="samples".
    """

    name: Literal["f1_samples"] = "f1_samples"
    label: ClassVar[str] = "F1 of samples"
    of: ClassVar[Of] = "f1"
    average: ClassVar[Average] = "samples"
