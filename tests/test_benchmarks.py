"""The benchmarks measure equal work, and what is shown of them is what was measured."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import found, guard, machine, report
from benchmarks.cases import CASES, Case
from benchmarks.found import Results
from benchmarks.growth import exponent
from benchmarks.peers import CannotError, ours, products_openblas, scikit_learn
from benchmarks.scripts.common import JOBS
from benchmarks.turns import Timed
from nntrain.utils.resources import shipped_recipes


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_peers_walk_the_same_curve(optimizer: str, dtype: str) -> None:
    case = Case((5, 8, 7, 3), 16, optimizer=optimizer, dtype=dtype)  # type: ignore[arg-type]
    epochs = [peer.epoch_of(case) for peer in (ours, scikit_learn)]
    orders = [np.random.default_rng(e).permutation(case.steps * case.batch) for e in range(3)]
    one, other = ([epoch(order) for order in orders] for epoch in epochs)
    assert one == pytest.approx(other, rel=1e-4)
    assert one[-1] < one[0]


def test_a_peer_that_lacks_something_says_so() -> None:
    with pytest.raises(CannotError, match="batch norm"):
        scikit_learn.epoch_of(Case((4, 4, 2), 8, extra="batch norm"))


def test_the_limit_does_a_steps_products_and_trains_nothing() -> None:
    epoch = products_openblas.epoch_of(Case((5, 8, 7, 3), 16))
    assert epoch(np.arange(16)) == 0


# of one row, of one or two weights, or of a kind that peers have no counterpart for
OTHERS = {"line_search", "by_hand", "product", "steep", "rosenbrock", "plateau", "two_minima", "sine", "zigzag"}


def test_every_recipe_is_a_job_but_those_that_no_peer_can_do_or_that_are_one_row() -> None:
    assert {name.split(",")[0] for name in JOBS} - {"csv"} == set(shipped_recipes()) - OTHERS


def test_a_case_is_named_and_kept_whole() -> None:
    deep = Case((64, *[32] * 20, 10), 32, extra="dropout", cores=0)
    assert deep.net == "64-20x32-10/32"
    assert deep.how == "adam, dropout, all cores"
    assert Case.of(deep.to_data()) == deep
    assert len({(case.net, case.how) for case in CASES}) == len(CASES)


def test_medians_and_exponents() -> None:
    assert Timed([3.0, 1.0, 2.0]).to_data(10) == {"median": 20, "low": 10, "high": 30}
    assert exponent([1, 10, 100, 1000], [5, 5, 500, 50_000]) == pytest.approx(2)


def test_what_is_shown_is_what_was_measured() -> None:
    """``python -m benchmarks report`` after each change of the results."""
    for results in Results.all():
        assert (results.folder / "results.md").read_text() == report.page(results)
    shown = report.PERFORMANCE.read_text()
    assert shown == report.with_short(shown)


def test_the_guard_compares_with_what_was_kept_of_this_processor(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(found, "RESULTS", tmp_path)
    monkeypatch.setattr(guard, "RESULTS", tmp_path)
    Results.of("another").keep("guard", {})
    monkeypatch.setattr(machine, "facts", lambda: {"processor": "One(R) (model 1)"})
    ratios = {"now": 1.0}
    monkeypatch.setattr(guard, "measured", lambda case: ratios["now"])
    with pytest.raises(SystemExit, match=r"no ratios are kept of One\(R\) \(model 1\), but of another; guard --keep"):
        guard.run()
    assert guard.run(keep=True) == 0
    ratios["now"] = 1.09
    assert guard.run() == 0
    ratios["now"] = 1.11
    assert {path.name for path in tmp_path.iterdir()} == {"another", "one-model-1"}
    assert guard.run() == len(Results.of("One(R) (model 1)").load("guard")) > 10
    assert "slower" in capsys.readouterr().out
