"""Checks that the variants can be compared as requested."""

from collections.abc import Sequence

from nntrain.comparison.measure import SPLITS, Measure, choose
from nntrain.comparison.variants import Variant
from nntrain.errors import bad_input
from nntrain.metrics import Task


def measure_of(variants: Sequence[Variant], text: str | None, trials: int, target: float | None) -> Measure:
    """Return the measure by which variants are compared.

    Args:
        variants: all variants.
        text: the user's measure, such as ``test.accuracy``; None for the default.
        trials: tuning trials of each variant.
        target: the user's target, if any.

    Raises:
        InputError: if they do not all have the measure, or lack a validation split that tuning or a target needs.
    """
    classes = {variant.dataset.classes is not None for variant in variants}
    if len(classes) > 1:
        raise bad_input("compare", "cannot compare classification with regression recipes")
    task: Task = "classification" if classes.pop() else "regression"
    fractions = [
        {"validation": variant.recipe.data.validation, "test": variant.recipe.data.test} for variant in variants
    ]
    splits = [name for name in SPLITS if name == "train" or all(split[name] for split in fractions)]
    if "validation" not in splits and (trials or target is not None):
        option, what = ("--tune", "tuning needs") if trials else ("--target", "a target needs")
        hint = "add one, as in --set data.validation=0.15"
        raise bad_input(option, f"{what} a validation split, but data.validation is 0", hint)
    return choose(text, splits, task, [variant.recipe for variant in variants])


def check_tuning(variants: Sequence[Variant], trials: int) -> None:
    """Check that tuning is possible, if there are trials.

    Raises:
        InputError: if the learning rate already varies, or no optimizer has anything to tune.
    """
    if not trials:
        return
    if all("optimizer.lr" in variant.keys for variant in variants):
        raise bad_input("--tune", "the learning rate already varies and cannot be tuned too", "omit --lrs or --tune")
    if all(variant.recipe.optimizer.full_batch for variant in variants):
        raise bad_input("--tune", "no variant has anything to tune", "omit --tune")
