"""Event files are what TensorBoard's own reader reads."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntrain.artifacts.model import Model
from nntrain.artifacts.protobuf import varint
from nntrain.artifacts.run_files import TENSORBOARD as FOLDER
from nntrain.artifacts.tensorboard import TensorBoardFile, _checksum
from tests.helpers import CommandLine


def records(path: Path) -> list[bytes]:
    """Return the records of a file, whose checksums have to be right."""
    content, found = path.read_bytes(), []
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        assert content[8:12] == _checksum(content[:8])
        found.append(content[12 : 12 + length])
        assert content[12 + length : 16 + length] == _checksum(found[-1])
        content = content[16 + length :]
    return found


def test_the_checksum_is_the_masked_crc32c() -> None:
    """The value for 123456789 that RFC 3720 and the catalogues of CRCs have, 0xE3069283, masked as TFRecords are."""
    crc = 0xE3069283
    assert _checksum(b"123456789") == struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
    assert varint(300) == b"\xac\x02"  # protobuf's own example


Fields = dict[int, list[Any]]


def fields(content: bytes) -> Fields:
    """Return the values of a protobuf message by field: integers, floats, or bytes."""
    found: Fields = {}

    def number() -> int:
        nonlocal content
        value, shift = 0, 0
        while True:
            byte, content = content[0], content[1:]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while content:
        key = number()
        sizes = {1: 8, 5: 4}
        size = number() if key & 7 in (0, 2) else sizes[key & 7]
        if key & 7 == 0:
            found.setdefault(key >> 3, []).append(size)
            continue
        value, content = content[:size], content[size:]
        kinds = {1: "<d", 5: "<f"}
        found.setdefault(key >> 3, []).append(struct.unpack(kinds[key & 7], value)[0] if key & 7 in kinds else value)
    return found


def values_of(path: Path) -> dict[str, list[tuple[int, Fields]]]:
    """Return steps and values of a file by tag."""
    found: dict[str, list[tuple[int, Fields]]] = {}
    for record in records(path):
        event = fields(record)
        for value in fields(event[5][0]).get(1, []) if 5 in event else []:
            of_value = fields(value)
            found.setdefault(of_value[1][0].decode(), []).append((event.get(2, [0])[0], of_value))
    return found


def hyperparameters(path: Path) -> dict[str, Any]:
    ((_, value),) = values_of(path)["_hparams_/session_start_info"]
    plugin = fields(fields(value[9][0])[1][0])
    assert plugin[1] == [b"hparams"]
    found = {}
    for entry in fields(fields(plugin[2][0])[3][0])[1]:
        pair = fields(entry)
        ((kind, (held,)),) = fields(pair[2][0]).items()
        found[pair[1][0].decode()] = held.decode() if kind == 3 else bool(held) if kind == 4 else held
    return found


def test_a_record_an_epoch(nntrain: CommandLine, moons: Path) -> None:
    assert nntrain("fit", moons, "--out", "run", "-q", "--tensorboard").status == 0
    (path,) = Path("run", FOLDER).iterdir()
    found = records(path)
    assert len(found) == 2 + 4 + 4 + 1  # version and recipe; scalars and histograms of each epoch; how it ended
    assert found[0].endswith(b"brain.Event:2")
    assert b"name: moons" in found[1]
    assert b"loss/validation" in found[2]
    assert nntrain("fit", moons, "--out", "run", "--overwrite", "-q", "--tensorboard").status == 0
    assert len(list(Path("run", FOLDER).iterdir())) == 1


def test_histograms_and_hyperparameters(nntrain: CommandLine, moons: Path) -> None:
    assert nntrain("fit", moons, "--out", "run", "-q", "--tensorboard").status == 0
    (path,) = Path("run", FOLDER).iterdir()
    found = values_of(path)
    model = Model.load(Path("run", "model.safetensors"))
    weights = next(model.network.arrays(model.theta))["weights"]
    step, last = found["1 dense 2→8 relu/weights"][-1]
    held = fields(last[5][0])
    assert step == 4
    assert held[1] == [pytest.approx(weights.min())]
    assert held[2] == [pytest.approx(weights.max())]
    assert held[3] == [weights.size]
    assert held[5] == [pytest.approx(np.square(weights.astype(float)).sum())]
    limits, counts = (np.frombuffer(held[field][0]) for field in (6, 7))
    np.testing.assert_allclose(np.cumsum(counts), [(weights <= limit).sum() for limit in limits[:-1]] + [16])
    assert {"1 dense 2→8 relu/activations", "2 dense 8→2 identity/gradient of biases"} <= set(found)
    keys = hyperparameters(path)
    assert keys["optimizer.name"] == "adam"
    assert keys["training.epochs"] == 4
    assert keys["data.standardize"] is True
    assert "_hparams_/session_end_info" in found


def test_a_comparison(nntrain: CommandLine, moons: Path) -> None:
    options = ("--optimizers", "sgd,adam", "--seeds", "2", "-q", "--tensorboard", "--out", "compared", "--json")
    compared = nntrain("compare", moons, *options)
    assert compared.status == 0, compared.err
    files = sorted(Path("compared", FOLDER).glob("*/*/*"))
    assert [file.parent.relative_to(Path("compared", FOLDER)).as_posix() for file in files] == [
        *("adam/seed-1", "adam/seed-2", "sgd/seed-1", "sgd/seed-2")
    ]
    lines = [json.loads(line) for line in Path("compared", "runs.jsonl").read_text().splitlines()]
    for file in files:
        keys, found = hyperparameters(file), values_of(file)
        (line,) = [one for one in lines if (one["variant"], one["seed"]) == (keys["optimizer.name"], keys["seed"])]
        assert [value[2][0] for _, value in found["loss/train"]] == pytest.approx([p[3] for p in line["curve"]])
        assert found["final loss/test"][0][1][2][0] == pytest.approx(line["scores"]["test"]["loss"])
    assert nntrain("compare", "run", "run2", "--tensorboard").status == 2


def test_a_run_that_does_not_end_keeps_the_event_file_of_the_old_one(
    nntrain: CommandLine, moons: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nntrain("fit", moons, "--out", "run", "-q", "--tensorboard").status == 0
    (path,) = Path("run", FOLDER).iterdir()
    path = path.rename(path.with_name(path.name.replace("tfevents.1", "tfevents.0")))  # as of an earlier second
    before, again = path.read_bytes(), ("fit", moons, "--out", "run", "--overwrite", "-q", "--tensorboard")
    with monkeypatch.context() as patch:
        patch.setattr(TensorBoardFile, "__call__", lambda *_: {"": ""}["lost"])
        with pytest.raises(KeyError, match="lost"):
            nntrain(*again)
    assert [(file, file.read_bytes()) for file in Path("run", FOLDER).iterdir()] == [(path, before)]
    assert nntrain(*again).status == 0
    (new,) = Path("run", FOLDER).iterdir()
    assert new.name > path.name
    assert len(records(new)) > 4


def test_without_the_option_there_is_none(nntrain: CommandLine, moons: Path) -> None:
    assert nntrain("fit", moons, "--out", "run", "-q").status == 0
    assert not Path("run", FOLDER).exists()


def test_tensorboard_reads_it(nntrain: CommandLine, moons: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    assert nntrain("fit", moons, "--out", "run", "-q", "--tensorboard").status == 0
    read = accumulator.EventAccumulator(str(Path("run", FOLDER)))
    read.Reload()
    lines = [json.loads(line) for line in Path("run", "metrics.jsonl").read_text().splitlines()]
    for tag, key in (("loss/train", "train_loss"), ("loss/validation", "validation_loss")):
        events = read.Scalars(tag)
        assert [event.step for event in events] == [line["epoch"] for line in lines]
        assert [event.value for event in events] == pytest.approx([line[key] for line in lines], rel=1e-6)
    assert "gradient_norm/1 dense 2→8 relu" in read.Tags()["scalars"]
    assert "1 dense 2→8 relu/activations" in [*read.Tags()["tensors"], *read.Tags()["histograms"]]
    assert read.PluginTagToContent("hparams").keys() == {"_hparams_/session_start_info", "_hparams_/session_end_info"}
    (text,) = read.Tensors("recipe")
    assert "name: moons" in text.tensor_proto.string_val[0].decode()
