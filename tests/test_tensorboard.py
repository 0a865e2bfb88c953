"""Event files are what TensorBoard's own reader reads."""

import json
import struct
from pathlib import Path

import pytest

from nntrain.artifacts.tensorboard import FOLDER, _checksum, _varint
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
    assert _varint(300) == b"\xac\x02"  # protobuf's own example


def test_a_record_an_epoch(nntrain: CommandLine, moons: Path) -> None:
    assert nntrain("fit", moons, "--out", "run", "-q", "--tensorboard").status == 0
    (path,) = Path("run", FOLDER).iterdir()
    found = records(path)
    assert len(found) == 2 + 4  # version and recipe before the epochs
    assert found[0].endswith(b"brain.Event:2")
    assert b"name: moons" in found[1]
    assert b"loss/validation" in found[2]
    assert nntrain("fit", moons, "--out", "run", "--overwrite", "-q", "--tensorboard").status == 0
    assert len(list(Path("run", FOLDER).iterdir())) == 1


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
    (text,) = read.Tensors("recipe")
    assert "name: moons" in text.tensor_proto.string_val[0].decode()
