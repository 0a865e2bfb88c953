"""``nntrain report`` of a comparison: ranking, each run's result, differences with intervals, curves with bands."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntrain.cli.report import report
from nntrain.errors import InputError
from tests.fuzz import VALUES, places, replaced
from tests.helpers import ROOT, CommandLine
from tests.pages import figures, read

OPTIMIZERS = "sgd,adam,{name: sgd, lr: 1e30}"


def compared_in(folder: Path, *options: str) -> Path:
    """Compare three optimizers on four seeds, the last of which diverges."""
    arguments = ["compare", "recipes/iris.yaml", "--optimizers", OPTIMIZERS, "--seeds", "4", "-q", *options]
    command = [sys.executable, "-m", "nntrain", *arguments, "--set", "training.epochs=12", "--out", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a comparison."""
    return compared_in(tmp_path_factory.mktemp("comparisons") / "compare-three")


def test_a_comparison_is_a_page(nntrain: CommandLine, comparison: Path) -> None:
    ended = nntrain("report", comparison)
    assert (ended.status, ended.out) == (0, f"{comparison / 'report.html'}\n")
    page = (comparison / "report.html").read_text()
    found, drawn = read(page), figures(page)
    result = json.loads((comparison / "comparison.json").read_text())
    names = [variant["name"] for variant in result["variants"]]
    part, name = result["measure"].split(".")
    assert result["verdict"] in found.text
    for variant in result["variants"]:
        assert variant["name"] in found.text
        median = variant["default"]["scores"][part][name]["median"]
        assert ("∞" if median is None else f"{median:#.4g}") in found.text

    runs = [json.loads(line) for line in (comparison / "runs.jsonl").read_text().splitlines()]
    rows = drawn[f"{part} {name} of each run"]["rows"]
    assert [row["label"] for row in rows] == names
    for row in rows:
        mine = [run for run in runs if run["variant"] == row["label"]]
        values = [run["scores"][part]["loss"] for run in mine if run["stopped"] != "diverged"]
        assert sorted(row["points"]) == pytest.approx(sorted(values), rel=1e-4)
    assert "diverged runs have no dot" in drawn[f"{part} {name} of each run"]["note"]

    intervals = drawn[f"{part} {name}: how much better the first variant is"]["rows"]
    assert [(row["low"], row["middle"], row["high"]) for row in intervals] == [
        (pair["low"], pair["difference"], pair["high"]) for pair in result["pairs"]
    ]
    curves = drawn["validation loss"]
    assert [line["label"] for line in curves["lines"]] == names[:2]
    assert "no values: " in curves["note"]  # of the one that diverged
    for line in curves["lines"]:
        mine = [run for run in runs if run["variant"] == line["label"]]
        at_end = [run["curve"][-1][-2] for run in mine]
        low, middle, high = np.quantile(at_end, (0.25, 0.5, 0.75))
        assert (line["low"][-1], line["y"][-1], line["high"][-1]) == pytest.approx((low, middle, high), rel=1e-4)
        assert line["x"] == list(range(1, 13))


def test_a_tuned_comparison_has_its_defaults_too(nntrain: CommandLine, tmp_path: Path) -> None:
    folder = compared_in(tmp_path / "tuned", "--tune", "2", "--target", "0.01")
    page = nntrain("report", folder, "--out", "-").out
    result = json.loads((folder / "comparison.json").read_text())
    names = [variant["name"] for variant in result["variants"]]
    part, name = result["measure"].split(".")
    rows = figures(page)[f"{part} {name} of each run"]["rows"]
    assert [row["label"] for row in rows] == [label for one in names for label in (one, f"{one}, defaults")]
    text = read(page).text
    assert "steps to 0.01" in text
    assert "4 of 4 missed" in text
    lr = result["variants"][0]["tuned"]["settings"]["lr"]
    assert f"lr {lr:.4g}" in text


def test_names_of_variants_are_text(nntrain: CommandLine, comparison: Path, tmp_path: Path) -> None:
    evil = "</script><img onerror=x>"
    shutil.copytree(comparison, tmp_path / "c")
    file = tmp_path / "c" / "comparison.json"
    file.write_text(file.read_text().replace('"adam"', json.dumps(evil)))
    page = nntrain("report", tmp_path / "c", "--out", "-").out
    found = read(page)
    assert "img" not in found.seen
    assert evil in found.text


def test_what_is_no_ended_comparison_is_refused(nntrain: CommandLine, comparison: Path, tmp_path: Path) -> None:
    shutil.copytree(comparison, tmp_path / "c")
    assert "a comparison cannot share a page with other runs" in nntrain("report", comparison, tmp_path / "c").err
    (tmp_path / "c" / "comparison.json").unlink()
    ended = nntrain("report", tmp_path / "c")
    assert (ended.status, ended.out) == (2, "")
    assert "is not the directory of a finished comparison: missing comparison.json" in ended.err
    (tmp_path / "c" / "comparison.json").write_text('{"measure": "test.loss", "metric": "accuracy"}')
    ended = nntrain("report", tmp_path / "c")
    assert ended.status == 2
    assert "comparison.json: is damaged: seeds: Field required" in ended.err
    before = (comparison / "runs.jsonl").read_bytes()
    assert "would overwrite a file of the run" in nntrain("report", comparison, "--out", comparison / "runs.jsonl").err
    assert (comparison / "runs.jsonl").read_bytes() == before


def test_runs_of_another_comparison_are_not_drawn(nntrain: CommandLine, comparison: Path, tmp_path: Path) -> None:
    """Two comparisons may have been made in one directory: the ledger then has the runs of both."""
    shutil.copytree(comparison, tmp_path / "c")
    file = tmp_path / "c" / "comparison.json"
    result = json.loads(file.read_text())
    part, name = result["measure"].split(".")
    result["variants"][0]["default"]["scores"][part][name]["median"] *= 1.5
    file.write_text(json.dumps(result))
    drawn = figures(nntrain("report", tmp_path / "c", "--out", "-").out)
    assert drawn[f"{part} {name} of each run"]["rows"][0]["points"] == []
    assert result["variants"][0]["name"] in drawn["validation loss"]["note"]


@given(st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_anywhere(comparison: Path, tmp_path: Path, data: st.DataObject) -> None:
    folder = tmp_path / "run"
    shutil.copytree(comparison, folder, dirs_exist_ok=True)
    result = json.loads((folder / "comparison.json").read_text())
    for variant in result["variants"]:
        variant["recipe"] = {}
    place = data.draw(st.sampled_from(places(result)))
    changed = json.dumps(replaced(result, place, data.draw(VALUES)))
    (folder / "comparison.json").write_text(changed, errors="surrogatepass")
    with suppress(InputError):
        report([folder])
