"""A model file that is not what was written is refused, and a failed write leaves the old one."""

import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from nntrain.artifacts import container
from nntrain.artifacts.model import Model
from nntrain.errors import InputError
from tests.helpers import CommandLine, refused


def cut(content: bytes) -> bytes:
    return content[:-10]


def cut_in_the_header(content: bytes) -> bytes:
    return content[:100]


def flip_a_weight(content: bytes) -> bytes:
    return content[:-5] + bytes([content[-5] ^ 1]) + content[-4:]


def change_the_recipe(content: bytes) -> bytes:
    return content.replace(b"species", b"Species")


def empty(content: bytes) -> bytes:
    return b""


def other_text(content: bytes) -> bytes:
    return b"data: {source: iris}\n"


def huge_header(content: bytes) -> bytes:
    return struct.pack("<Q", 2**63) + content[8:]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (cut, "not a model file, or one that was cut short"),
        (cut_in_the_header, "not a model file, or one that was cut short"),
        (flip_a_weight, "the model file was altered"),
        (change_the_recipe, "the model file was altered"),
        (empty, "not a model file"),
        (other_text, "not a model file"),
        (huge_header, "not a model file"),
    ],
)
def test_files_that_are_not_what_was_written(
    iris: Path, tmp_path: Path, nntrain: CommandLine, change: Callable[[bytes], bytes], words: str
) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(change(iris.read_bytes()))
    for command in ("evaluate", "predict"):
        message = refused(nntrain, command, broken)
        assert f"{broken}: " in message
        assert words in message


def test_files_that_are_no_models(tmp_path: Path, nntrain: CommandLine) -> None:
    other = tmp_path / "other.safetensors"
    save_file({"0.weight": np.ones((2, 2), np.float32)}, other)
    assert "not a model of nntrain's" in refused(nntrain, "evaluate", other)
    assert "no such file" in refused(nntrain, "evaluate", tmp_path / "none")
    assert "is a directory" in refused(nntrain, "evaluate", tmp_path)


def facts_of(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    tensors, facts = container.read(path)
    return tensors, {key: value for key, value in facts.items() if key != "sha256"}


def without_a_tensor(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    del tensors["2.bias"]


def with_another_shape(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    tensors["0.weight"] = np.ones((3, 3), np.float32)


def without_a_recipe(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    del facts["recipe"]


def with_another_loss(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    facts["recipe"]["loss"] = {"name": "system"}


def with_a_strange_scale(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    facts["preprocessing"]["inputs"]["scale"] = [0, 0, 0, 0]


def with_too_few_scales(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    facts["preprocessing"]["inputs"] = {"mean": [0], "scale": [1]}


def with_numbers_for_classes(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    facts["classes"] = 3


@pytest.mark.parametrize(
    "change",
    [
        without_a_tensor,
        with_another_shape,
        without_a_recipe,
        with_another_loss,
        with_a_strange_scale,
        with_too_few_scales,
        with_numbers_for_classes,
    ],
)
def test_files_with_a_right_checksum_and_wrong_content(
    iris: Path, tmp_path: Path, change: Callable[[dict[str, Any], dict[str, Any]], None]
) -> None:
    """A stranger can make a checksum too."""
    tensors, facts = facts_of(iris)
    change(tensors, facts)
    strange = tmp_path / "strange.safetensors"
    container.write(strange, tensors, facts)
    with pytest.raises(InputError, match="makes no sense"):
        Model.load(strange)


def test_files_of_another_version_are_refused(iris: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tensors, facts = facts_of(iris)
    monkeypatch.setattr(container, "VERSION", "2")
    container.write(tmp_path / "new.safetensors", tensors, facts)
    monkeypatch.undo()
    with pytest.raises(InputError, match="format version '2'; this nntrain reads version 1"):
        container.read(tmp_path / "new.safetensors")


def test_a_failed_write_leaves_the_old_file(iris: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "model.safetensors"
    shutil.copy(iris, copy)
    before = copy.read_bytes()

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nntrain.files.os.fsync", full)
    with pytest.raises(InputError, match="No space left on device"):
        Model.load(copy).save(copy)
    assert copy.read_bytes() == before
    assert list(tmp_path.iterdir()) == [copy]
