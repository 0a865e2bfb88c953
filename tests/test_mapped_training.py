"""Training on rows in memory-mapped files: the order of an epoch, and the same results as in memory."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nntrain.data.mapped.split import MappedSplit, pieces
from nntrain.data.prepare import Split
from nntrain.network.inference import CHUNK_ROWS
from nntrain.training import windows
from nntrain.training.engine import Engine
from nntrain.training.loop import train
from nntrain.training.plan import Plan
from nntrain.training.windows import BLOCKS, WindowedOrder, block_rows, sample_rows
from tests.helpers import built

RECIPE: dict[str, Any] = {
    "data": {"source": {"name": "moons", "rows": 900}, "test": 0.2},
    "model": {"hidden": [6], "dropout": 0.1},
    "training": {"epochs": 3, "batch_size": 7},
}


def mapped(part: Split, folder: Path, name: str) -> MappedSplit:
    """Return a split whose arrays are in files."""

    def file(values: NDArray[Any], key: str) -> NDArray[Any]:
        np.save(folder / f"{name}.{key}.npy", values)
        return np.asarray(np.load(folder / f"{name}.{key}.npy", mmap_mode="c"))

    return MappedSplit(file(part.x.astype(np.float32), "x"), file(part.y, "y"), peak=part.largest)


def in_files(plan: Plan, folder: Path) -> Plan:
    """Return a plan whose splits are in files."""
    data = plan.data
    assert data.validation is not None
    assert data.test is not None
    splits = {"train": data.train, "validation": data.validation, "test": data.test}
    found: dict[str, Any] = {name: mapped(part, folder, name) for name, part in splits.items()}
    return replace(plan, data=replace(data, **found))


class InOrder(Plan):
    """A plan in memory with the epochs of a plan in files."""

    def order(self, epoch: int) -> NDArray[np.int64]:
        return ordered(self, epoch)[:]


def ordered(plan: Plan, epoch: int) -> WindowedOrder:
    return WindowedOrder(plan.seed, epoch, len(plan.data.train.x), plan._block_rows)


@pytest.mark.parametrize("rows", [1, 5, 64, 65, 1000, 1023])
@pytest.mark.parametrize("block", [1, 3, 7, 2000])
def test_an_epoch_has_each_row_once(rows: int, block: int) -> None:
    order = WindowedOrder(0, 0, rows, block)
    assert sorted(order[:].tolist()) == list(range(rows))
    assert order[:].tolist() == [row for start in range(0, rows, 11) for row in order[start : start + 11].tolist()]


def test_an_epoch_depends_on_seed_and_number_alone() -> None:
    first = WindowedOrder(3, 5, 1000, 4)[:]
    windows._window.cache_clear()
    windows._blocks.cache_clear()
    assert (WindowedOrder(3, 5, 1000, 4)[400:] == first[400:]).all()
    assert (WindowedOrder(3, 6, 1000, 4)[:] != first).any()
    assert (WindowedOrder(4, 5, 1000, 4)[:] != first).any()


def test_a_window_reads_whole_blocks() -> None:
    """Each window has the rows of 64 blocks of neighbors, from all over the file."""
    rows, block = 64_000, 10
    order = WindowedOrder(0, 0, rows, block)
    for start in range(0, rows, BLOCKS * block):
        window = np.sort(order[start : start + BLOCKS * block])
        assert np.count_nonzero(np.diff(window) > 1) <= BLOCKS
        assert np.ptp(window) > rows / 2
        assert (np.diff(order[start : start + BLOCKS * block]) == 1).mean() < 0.1


def test_blocks_have_equal_bytes() -> None:
    assert block_rows(80) * 80 * BLOCKS == pytest.approx(1 << 24, rel=0.01)
    assert block_rows(1 << 30) == 1


@pytest.mark.parametrize(("rows", "most"), [(10, 20), (1000, 20)])
def test_a_sample_has_no_row_twice(rows: int, most: int) -> None:
    found = sample_rows(rows, most, seed=0)
    assert len(set(found.tolist())) == min(rows, most)
    assert found.tolist() != sorted(found.tolist())


def test_rows_from_all_over_a_file_keep_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nntrain.data.mapped.split.SPREAD_ROWS", 7)
    x, rows = np.arange(300.0).reshape(100, 3), np.random.default_rng(0).permutation(100)[:30]
    found = mapped(Split(x, x[:, :1]), tmp_path, "a").spread(rows)
    assert (found.x == x[rows]).all()
    assert (found.y == x[rows, :1]).all()


def test_pieces_of_a_mapped_array_are_whole_chunks(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((5000, 2000), np.float32))
    x = np.load(tmp_path / "x.npy", mmap_mode="c")
    found = list(pieces(np.asarray(x), CHUNK_ROWS))
    assert [piece.start for piece in found] == list(range(0, 5000, 2048))
    assert found[-1].stop == 5000
    assert list(pieces(np.zeros((5000, 2000), np.float32), CHUNK_ROWS)) == [slice(0, 5000)]


@pytest.mark.parametrize("n_threads", [1, 2])
def test_training_on_files_equals_training_in_memory(tmp_path: Path, n_threads: int, monkeypatch: Any) -> None:
    """Bit for bit, if the rows of an epoch come in the same order, with several windows in an epoch."""
    monkeypatch.setattr(windows, "WINDOW_BYTES", 8192)
    plan = built(RECIPE).plan
    twin = Engine(InOrder(**{name: getattr(plan, name) for name in plan.__dataclass_fields__}), n_threads)
    engine = Engine(in_files(plan, tmp_path), n_threads)
    assert (engine.plan.steps_in_memory or 0) < engine.plan.steps_per_epoch
    events = [list(train(one, statistics=False)) for one in (twin, engine)]
    assert (twin.theta == engine.theta).all()
    for expected, found in zip(*events, strict=True):
        assert getattr(found, "train_loss", 0) == getattr(expected, "train_loss", 0)
        assert getattr(found, "validation", 0) == getattr(expected, "validation", 0)
    assert engine.scores()["test"] == twin.scores()["test"]
