"""nntrain from Python: comparisons, pictures, notebooks, interruptions, threads and processes."""

import multiprocessing
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

import nntrain
from nntrain.api import notebook
from nntrain.comparison.executors import Threads
from nntrain.errors import InputError
from nntrain.training import epoch_chunks, loop
from tests.helpers import CommandLine
from tests.test_api import MOONS


def test_a_comparison_is_that_of_the_command(nntrain: CommandLine, tmp_path: Path) -> None:
    from nntrain import compare

    settings = ["training.epochs=3", "data.source.rows=60"]
    found = compare("moons", {"optimizer": ["sgd", "adam"]}, settings, seeds=2, out=tmp_path / "python")
    printed = nntrain(
        *("compare", "moons", "--optimizers", "sgd,adam", "--seeds", 2, "--json", "-q", "--out", tmp_path / "shell"),
        *(part for text in settings for part in ("--set", text)),
    ).json
    assert found.verdict == printed["verdict"]
    for here, there in zip(found.summary["variants"], printed["variants"], strict=True):
        assert here["name"] == there["name"]
        assert here["default"]["scores"]["validation"] == there["default"]["scores"]["validation"]
    assert found.best == found.table["variant"][0]
    assert found.table.height == 2
    assert found.verdict in found._repr_html_()
    assert "<table" in found._repr_html_()
    assert nntrain("plot", "comparison", tmp_path / "python").status == 0


def test_wrong_values_to_compare() -> None:
    with pytest.raises(InputError, match=r"vary\['optimizer'\]: found 'adam', expected a list"):
        nntrain.compare("moons", {"optimizer": "adam"})
    with pytest.raises(InputError, match="did you mean adam"):
        nntrain.compare("moons", {"optimizer": ["adm", "sgd"]})
    with pytest.raises(InputError, match="only one variant"):
        nntrain.compare("moons")


def test_a_run_is_drawn() -> None:
    pytest.importorskip("matplotlib")
    run = nntrain.fit(MOONS, settings=["training.statistics_every=1"])
    titles = [axes.get_title() for axes in run.plot().axes]
    assert titles == ["loss", "gradient norm", "accuracy"]
    (training, validation) = run.plot().axes[0].lines
    np.testing.assert_allclose(training.get_ydata(), run.history["train_loss"])
    np.testing.assert_allclose(validation.get_ydata(), run.history["validation_loss"])


def interrupt(monkeypatch: pytest.MonkeyPatch, epoch: int) -> None:
    """Send SIGINT to this process when an epoch ends."""
    ended = loop._Run._ended

    def ending(self: Any, *arguments: Any) -> Any:
        if self.epoch == epoch:
            signal.raise_signal(signal.SIGINT)
        return ended(self, *arguments)

    monkeypatch.setattr(loop._Run, "_ended", ending)


def test_an_interrupted_run_keeps_what_was_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(epoch_chunks, "max_epochs", lambda engine, seconds: 1)
    interrupt(monkeypatch, 3)
    with pytest.warns(UserWarning, match="interrupted after 3 epochs of 5"):
        run = nntrain.fit(MOONS)
    assert run.history.height == 3
    assert run.summary["stopped"] == "interrupted"
    assert run.model.predict(np.zeros((1, 2))).shape == (1,)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    short = nntrain.fit({**MOONS, "training": {"epochs": 2}})
    assert short.summary["stopped"] != "interrupted"


def test_a_second_interrupt_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(monkeypatch, 2)
    twice = loop._Run._ended

    def again(self: Any, *arguments: Any) -> Any:
        found = twice(self, *arguments)
        if self.epoch == 2:
            signal.raise_signal(signal.SIGINT)
        return found

    monkeypatch.setattr(loop._Run, "_ended", again)
    with pytest.raises(KeyboardInterrupt):
        nntrain.fit(MOONS)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupted_comparison_keeps_its_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nntrain.api import comparison

    class Once(Threads):
        def run(self, *arguments: Any) -> Any:
            for done in super().run(*arguments):
                yield done
                signal.raise_signal(signal.SIGINT)

    keys: dict[str, Any] = {"settings": ["training.epochs=2"], "seeds": 3, "out": tmp_path}
    with monkeypatch.context() as patched:
        patched.setattr(comparison, "Threads", Once)
        with pytest.raises(KeyboardInterrupt, match="runs kept in"):
            nntrain.compare("moons", {"model.hidden": [[2], [3]]}, **keys)
    kept = len((tmp_path / "runs.jsonl").read_text().splitlines())
    assert 1 <= kept < 6
    assert len(nntrain.compare("moons", {"model.hidden": [[2], [3]]}, **keys).summary["variants"]) == 2


def test_a_notebook_shows_the_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    class Handle:
        def update(self, html: str) -> None:
            shown.append(html)

    def display(html: str, display_id: bool) -> Handle:
        assert display_id
        shown.append(html)
        return Handle()

    shell = type("ZMQInteractiveShell", (), {})()
    fake = SimpleNamespace(get_ipython=lambda: shell, display=SimpleNamespace(HTML=str, display=display))
    monkeypatch.setitem(sys.modules, "IPython", fake)
    monkeypatch.setattr(notebook, "SECONDS", 0.0)
    nntrain.fit(MOONS)
    assert "epoch 1 of 5" in shown[0]
    assert "epoch 5 of 5" in shown[-2]
    assert shown[-1] == ""
    monkeypatch.delitem(sys.modules, "IPython")
    nntrain.fit(MOONS)
    assert "epoch 5 of 5" in shown[-2]


def fitted(seed: int) -> list[float]:
    """Return the losses of a network that is wide enough for the thread pool."""
    x = np.random.default_rng(0).normal(size=(300, 40))
    model = nntrain.MLPRegressor((300, 200), max_iter=2, random_state=seed, tol=0)
    return list(model.fit(x, x[:, 0]).loss_curve_)


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore")
def test_threads_and_processes_give_the_same_numbers() -> None:
    expected = [fitted(seed) for seed in (0, 1)]
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(fitted, (0, 1))) == expected
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as processes:
            assert processes.map(fitted, (0, 1)) == expected, method


def search(n_jobs: int | None = None) -> list[float]:
    """Return the scores of a grid search."""
    x = np.random.default_rng(0).normal(size=(60, 3))
    model = nntrain.MLPRegressor((4,), max_iter=3, random_state=0, tol=0)
    found = GridSearchCV(model, {"alpha": [0, 0.1], "hidden_layer_sizes": [(4,), (3, 2)]}, cv=2, n_jobs=n_jobs)
    return list(found.fit(x, x[:, 0]).cv_results_["mean_test_score"])


@pytest.mark.filterwarnings("ignore")
def test_a_search_on_the_threads_of_joblib_and_of_dask_gives_the_same_scores() -> None:
    expected = search()
    with joblib.parallel_config("threading"):
        assert search(2) == expected
    distributed = pytest.importorskip("distributed")
    quiet = {"dashboard_address": None, "silence_logs": "CRITICAL"}
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=False, **quiet) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config("dask"),
    ):
        assert search(2) == expected


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_a_search_on_the_processes_of_joblib_gives_the_same_scores(backend: str) -> None:
    with joblib.parallel_config(backend):
        assert search(2) == search()


def test_importing_the_package_imports_none_of_its_libraries() -> None:
    code = "import sys, nntrain; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    assert "nntrain" in loaded
    assert not loaded & {"numpy", "numba", "sklearn", "scipy", "polars", "pydantic", "rich", "typer", "yaml"}
