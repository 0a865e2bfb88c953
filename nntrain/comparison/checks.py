"""Whether variants can be compared as it is asked for."""

from collections.abc import Sequence

from nntrain.comparison.measure import PARTS, Measure, choose
from nntrain.comparison.variants import Variant
from nntrain.errors import bad_input


def measure_of(variants: Sequence[Variant], text: str | None, trials: int, target: float | None) -> Measure:
    """Return what variants are compared by.

    Args:
        variants: all that are compared.
        text: what the user asks for, such as ``test.accuracy``; None: nothing.
        trials: of each variant.
        target: the user's.

    Raises:
        InputError: if they do not have it in common, or have no validation part where one is needed.
    """
    classes = {variant.dataset.classes is not None for variant in variants}
    if len(classes) > 1:
        raise bad_input("compare", "recipes with classes and recipes with numbers cannot be compared with each other")
    metric = "accuracy" if classes.pop() else "r2"
    shares = [{"validation": variant.recipe.data.validation, "test": variant.recipe.data.test} for variant in variants]
    parts = [part for part in PARTS if part == "train" or all(share[part] for share in shares)]
    if "validation" not in parts and (trials or target is not None):
        option, what = ("--tune", "trials are judged") if trials else ("--target", "a target is reached")
        hint = "give it some rows, as in --set data.validation=0.15"
        raise bad_input(option, f"{what} on the validation part, but data.validation is 0", hint)
    return choose(text, parts, metric, [variant.recipe for variant in variants])


def check_tuning(variants: Sequence[Variant], trials: int) -> None:
    """Check that there is something to tune, where there are trials.

    Raises:
        InputError: if the learning rate is what varies, or no optimizer has anything to tune.
    """
    if not trials:
        return
    if all("optimizer.lr" in variant.keys for variant in variants):
        raise bad_input(
            "--tune", "the learning rate is what varies, and cannot be tuned too", "leave --lrs or --tune out"
        )
    if all(variant.recipe.optimizer.full_batch for variant in variants):
        raise bad_input("--tune", "no variant has anything to tune", "leave it out")
