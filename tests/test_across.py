"""Comparisons on several problems: mean ranks and their test, performance profiles, and what shows them."""

import json
from math import inf, sqrt
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
from scipy import stats

from nntrain.comparison.across import critical_difference, friedman, min_problems
from nntrain.comparison.profile import Profile
from nntrain.report.across_charts import profile_chart
from tests.helpers import CommandLine, refused
from tests.pages import figures, read

OPTIMIZERS = ("--optimizers", "sgd,adam,rmsprop", "--seeds", 2)


def test_the_test_of_ranks_is_exact_for_few_problems() -> None:
    """Of the 6² ways to permute two of three equal rankings, one agrees as much; SciPy's approximation fits many."""
    assert friedman(np.array([[1.0, 2, 3]] * 3)) == pytest.approx(1 / 36)
    assert friedman(np.array([[1.0, 2, 3]])) == 1
    assert friedman(np.full((4, 3), 2.0)) == 1
    rng = np.random.default_rng(0)
    values = rng.normal([0, 0.3, 0.4, 0.5], size=(30, 4))
    expected = stats.friedmanchisquare(*values.T).pvalue
    assert friedman(stats.rankdata(values, axis=1)) == pytest.approx(expected, abs=0.01)


def test_the_critical_difference_is_that_of_the_paper() -> None:
    """Demšar 2006: 1.25 for four classifiers on fourteen data sets; q for 2, 3, 4 and 5 in his table 5."""
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.005)
    for k, q in {2: 1.960, 3: 2.343, 4: 2.569, 5: 2.728}.items():
        assert critical_difference(k, 6) == pytest.approx(q * sqrt(k * (k + 1) / 36), abs=1e-3)
    assert [min_problems(k) for k in (2, 3, 4, 5)] == [6, 3, 3, 3]
    assert friedman(np.array([[1.0, 2]] * 6)) < 0.05 < friedman(np.array([[1.0, 2]] * 5))


def test_a_performance_profile() -> None:
    steps: dict[str, dict[str, float | None]] = {
        "a": {"p": 10.0, "q": 80.0, "r": 5.0},
        "b": {"p": 40.0, "q": 20.0, "r": None},
    }
    profile = Profile(dict.fromkeys("pqr", 0.1), steps)
    assert profile.ratios("a") == [1, 4, 1]
    assert profile.ratios("b") == [4, 1, inf]
    assert [profile.solved("b", factor) for factor in (1, 3.9, 4, 1e300)] == [1, 1, 2, 2]
    (chart,) = profile_chart(profile)
    a, b = chart.lines
    assert (a.x[a.y == 1].min(), a.y.max(), b.y.max()) == (2, 1, pytest.approx(2 / 3))
    (nothing,) = profile_chart(Profile({"p": None}, {"a": {}, "b": {}}))
    assert not nothing.drawable


@pytest.fixture(scope="module")
def recipes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("problems")
    for name, rows in {"moons": 150, "circles": 150, "line": 40}.items():
        network = "" if name == "line" else "model: {hidden: [4]}\n"
        split = ", validation: 0" if name == "line" else ""
        data = f"data: {{source: {{name: {name}, rows: {rows}}}{split}}}\n"
        (folder / f"{name}.yaml").write_text(f"{data}{network}training: {{epochs: 8}}\n")
    return folder


@pytest.fixture
def here(recipes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(recipes)


@pytest.fixture
def found(nntrain: CommandLine, here: None) -> Any:
    """Return the result of a comparison on three problems, whose runs are made once."""
    command = ("compare", "moons.yaml", "circles.yaml", "line.yaml", *OPTIMIZERS, "--out", "many", "-q", "--json")
    return nntrain(*command).json


def test_each_problem_is_ranked_as_if_it_were_alone(nntrain: CommandLine, found: Any) -> None:
    alone = nntrain("compare", "circles.yaml", *OPTIMIZERS, "--out", "alone", "-q", "--json").json
    there = found["problems"]["circles"]
    assert [one["name"] for one in there["variants"]] == [one["name"] for one in alone["variants"]]
    for one, other in zip(there["variants"], alone["variants"], strict=True):
        assert one["default"]["scores"] == other["default"]["scores"]
    assert there == json.loads(Path("many/circles/comparison.json").read_bytes())
    assert found == json.loads(Path("many/problems.json").read_bytes())


def test_ranks_follow_the_medians(found: Any) -> None:
    for problem, result in found["problems"].items():
        split, name = result["measure"].split(".")
        medians = {one["name"]: one["default"]["scores"][split][name]["median"] for one in result["variants"]}
        ranks = {one["name"]: one["ranks"][problem] for one in found["ranking"]}
        assert sorted(medians, key=lambda one: medians[one]) == sorted(ranks, key=lambda one: ranks[one])
    for one in found["ranking"]:
        assert one["mean_rank"] == pytest.approx(np.mean(list(one["ranks"].values())))
        assert one["first"] == sum(rank == 1 for rank in one["ranks"].values())
    assert found["problems"]["line"]["measure"] != found["problems"]["moons"]["measure"]


def test_the_target_is_most_of_the_best_improvement(found: Any) -> None:
    runs = [json.loads(line) for line in Path("many/moons/runs.jsonl").read_text().splitlines()]
    losses = [
        median(run["scores"]["validation"]["loss"] for run in runs if run["variant"] == name)
        for name in ("sgd", "adam", "rmsprop")
    ]
    untrained = median(run["untrained"]["loss"] for run in runs)
    target = found["profile"]["targets"]["moons"]
    assert target == pytest.approx(untrained + 0.9 * (min(losses) - untrained))
    for name, steps in found["profile"]["steps"].items():
        first = [
            next((record[1] for record in run["records"] if record[4] <= target), inf)
            for run in runs
            if run["variant"] == name
        ]
        assert steps["moons"] == (None if median(first) == inf else median(first))
    assert found["profile"]["targets"]["line"] is None
    assert found["profile"]["notes"] == ["line: no target without a validation split"]


def test_the_tables(nntrain: CommandLine, found: Any) -> None:
    command = ("compare", "moons.yaml", "circles.yaml", "line.yaml", *OPTIMIZERS, "--out", "many")
    shown = nntrain(*command)
    assert "across the problems" in shown.out
    assert found["verdict"] in shown.out
    assert "performance profile" in shown.err
    assert "line: no target without a validation split" in shown.err
    assert "differ significantly" in found["verdict"]
    rows = nntrain(*command, "-q", "--csv").out.splitlines()
    assert rows[0].startswith("problem,rank,variant")
    assert len(rows) == 1 + 3 * 3
    markdown = nntrain(*command, "-q", "--format", "markdown").out
    assert "| variant | mean rank | best on | moons | circles | line |" in markdown
    assert nntrain(*command, "-q", "--markdown").out == markdown
    assert "\\begin{tabular}" in nntrain(*command, "-q", "--format", "latex").out


def test_the_page_and_the_plot(nntrain: CommandLine, found: Any) -> None:
    page = nntrain("report", "many", "--out", "-").out
    text = read(page).text
    assert all(line in text for line in found["verdict"].splitlines())
    drawn = figures(page)
    ranks = {row["label"]: row["points"] for row in drawn["ranks"]["rows"]}
    assert ranks == {one["name"]: list(one["ranks"].values()) for one in found["ranking"]}
    colors = {row["label"]: row["color"] for row in drawn["ranks"]["rows"]}
    for problem in found["problems"]:
        rows = next(one for title, one in drawn.items() if title.startswith(f"{problem}: ") and "each run" in title)
        assert {row["label"]: row["color"] for row in rows["rows"]} == colors
    assert "performance profile" in nntrain("plot", "profile", "many").out
    assert "name one of them: many/circles, many/line, many/moons" in refused(nntrain, "plot", "losses", "many")
    assert "is a comparison on one problem" in refused(nntrain, "plot", "profile", "many/moons")
    assert "would overwrite" in refused(nntrain, "report", "many", "--out", "many/problems.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one["profile"]["targets"].update({"../x": None}), "targets"),
        (lambda one: one["profile"]["targets"].pop("line"), "does not have a rank on each problem"),
        (lambda one: one["profile"]["steps"]["sgd"].pop("moons"), "do not have the same problems"),
        (lambda one: one["profile"]["steps"].pop("sgd"), "does not have the variants"),
        (lambda one: one.pop("p"), "p: Field required"),
    ],
)
def test_a_damaged_result_is_refused(
    nntrain: CommandLine, found: Any, tmp_path: Path, change: Any, message: str
) -> None:
    change(found)
    (tmp_path / "problems.json").write_text(json.dumps(found))
    assert message in refused(nntrain, "report", tmp_path)


def test_problems_have_to_be_told_apart(nntrain: CommandLine, here: None) -> None:
    assert "vary something to rank it on each" in refused(nntrain, "compare", "moons.yaml", "circles.yaml")
    twice = ("compare", "moons.yaml", "moons.yaml", "circles.yaml", *OPTIMIZERS)
    assert "two variants have the name" in refused(nntrain, *twice)
    assert "only one variant" in refused(nntrain, "compare", "moons.yaml", "circles.yaml", "--optimizers", "adam")
    for name, units in (("a b.yaml", "[5]"), ("a-b.yaml", "[6]")):
        Path(name).write_text(Path("moons.yaml").read_text().replace("[4]", units))
    same = ("compare", "a b.yaml", "a-b.yaml", "circles.yaml", *OPTIMIZERS)
    assert "a b.yaml and a-b.yaml would have the same directory" in refused(nntrain, *same)
