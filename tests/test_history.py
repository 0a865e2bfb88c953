"""Runs are read back from their directories whatever stands in the files: understood or refused, never a traceback."""

import json
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nntrain.cli.job import fit
from nntrain.cli.progress import Silent
from nntrain.cli.report import report
from nntrain.comparison.finished import runs_of
from nntrain.errors import InputError
from tests.fuzz import VALUES, places, replaced
from tests.helpers import CommandLine

FILES = ("summary.json", "metrics.jsonl", "recipe.yaml")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a network with two parameters, and one with a validation part."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("line", "moons"):
        fit(f"recipes/{name}.yaml", ["training.epochs=3"], folder / name, False, Silent())
    return folder


def read(folder: Path) -> None:
    """Read a run in both ways that there are; it may be refused."""
    for reader in (lambda: report([folder]), lambda: runs_of([folder, folder], None, None)):
        with suppress(InputError):
            reader()


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_anywhere(runs: Path, tmp_path: Path, data: st.DataObject) -> None:
    name, file = data.draw(st.sampled_from(["line", "moons"])), data.draw(st.sampled_from(FILES[:2]))
    folder = tmp_path / "run"
    shutil.copytree(runs / name, folder, dirs_exist_ok=True)
    text = (folder / file).read_text()
    lines = [json.loads(text)] if file == "summary.json" else [json.loads(line) for line in text.splitlines()]
    number = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.sampled_from(places(lines[number])))
    lines[number] = replaced(lines[number], place, data.draw(VALUES))
    (folder / file).write_text("\n".join(json.dumps(line) for line in lines), errors="surrogatepass")
    read(folder)


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes(runs: Path, tmp_path: Path, data: st.DataObject) -> None:
    folder, file = tmp_path / "run", data.draw(st.sampled_from(FILES))
    shutil.copytree(runs / "line", folder, dirs_exist_ok=True)
    content = (folder / file).read_bytes()
    start, end = (data.draw(st.integers(0, len(content))) for _ in range(2))
    junk = data.draw(st.one_of(st.binary(max_size=8), st.sampled_from([b"[" * 100_000, b"\n\n", b"1e999", b"NaN"])))
    (folder / file).write_bytes(content[:start] + junk + content[end:])
    read(folder)


def test_the_smallest_share_of_dead_units_is_drawn(nntrain: CommandLine, runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "moons", tmp_path / "run")
    metrics = tmp_path / "run" / "metrics.jsonl"
    metrics.write_text(metrics.read_text().replace('"dead":0.0', '"dead":5e-324'))
    ended = nntrain("report", tmp_path / "run", "--out", "-")
    assert ended.status == 0
    assert "5e-324" in ended.out


@pytest.mark.parametrize(
    ("file", "key", "value", "words"),
    [
        ("summary.json", "parameters", [1.0], "epoch 1 has 2 parameters, but the summary has 1"),
        ("summary.json", "stopped", "x", "stopped: Input should be"),
        ("summary.json", "epochs", "<script>", "epochs: Input should be a valid integer"),
        ("summary.json", "epochs", 10**30, "epochs: Input should be less than or equal to"),
        ("summary.json", "seconds", None, "seconds: Input should be a valid number"),
        ("summary.json", "seconds", -1, "seconds: Input should be greater than or equal to 0"),
        ("summary.json", "layers", [], "epoch 1 has 1 layers, but the summary has 0"),
        ("summary.json", "train", {"loss": 1, "accuracy": 1}, "train.r2 is missing"),
        ("summary.json", "train", {"loss": 1e999}, "train.loss: Input should be a finite number"),
        ("metrics.jsonl", "parameters", None, "epoch 1 has 0 parameters, but the summary has 2"),
        ("metrics.jsonl", "train_loss", "much", "line 1, train_loss: Input should be a valid number"),
        ("metrics.jsonl", "epoch", 2, "line 1 has epoch 2"),
        ("summary.json", "epochs", 7, "has 3 epochs, but the summary has 7"),
    ],
)
def test_a_damaged_run_is_refused(
    nntrain: CommandLine, runs: Path, tmp_path: Path, file: str, key: str, value: object, words: str
) -> None:
    run = tmp_path / "run"
    shutil.copytree(runs / "line", run)
    first, *rest = [
        json.loads(line) for line in (run / file).read_text().replace("\n ", " ").replace("\n}", "}").splitlines()
    ]
    (run / file).write_text("\n".join(json.dumps(line) for line in [first | {key: value}, *rest]))
    for command in (("report", run), ("compare", run, run)):
        ended = nntrain(*command)
        assert (ended.status, ended.out) == (2, "")
        assert f"{run / file}: is damaged: " in ended.err or f"{run / 'metrics.jsonl'}: is damaged: " in ended.err
        assert words in ended.err
