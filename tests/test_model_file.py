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
from nntrain.errors import InputError, OutputError
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


def numbers_of_8_bits(content: bytes) -> bytes:
    """NumPy has no such type."""
    header = b'{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}'
    return struct.pack("<Q", len(header)) + header + b"ab"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (cut, "not a model file, or a truncated one"),
        (cut_in_the_header, "not a model file, or a truncated one"),
        (flip_a_weight, "the model file was altered"),
        (change_the_recipe, "the model file was altered"),
        (empty, "not a model file"),
        (other_text, "not a model file"),
        (huge_header, "not a model file"),
        (numbers_of_8_bits, "not a model file"),
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
    assert "not an nntrain model" in refused(nntrain, "evaluate", other)
    assert "no such file" in refused(nntrain, "evaluate", tmp_path / "none")
    assert "is not a run directory" in refused(nntrain, "evaluate", tmp_path)


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


def with_another_tensor(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    tensors["6.weight"] = tensors["4.weight"]


def with_a_number_that_is_none(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    tensors["2.bias"] = tensors["2.bias"] * np.float32(np.nan)


def with_a_network_beyond_memory(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    facts["recipe"]["model"]["hidden"] = [1_000_000, 1_000_000]


def with_numbers_for_targets(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    """The loss would take any number of a table for a place in memory."""
    facts["classes"] = None


def with_other_classes_than_weights(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    facts["recipe"]["loss"]["class_weights"] = [1.0]


def with_weights_that_are_left_open(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    facts["recipe"]["loss"]["class_weights"] = "balanced"


def with_two_classes_less(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    facts["classes"] = ["setosa"]


def with_the_same_class_twice(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    facts["classes"] = ["setosa", "setosa", "virginica"]


def with_classes_of_several_types(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    facts["classes"] = [True, 1, "setosa"]


def with_a_class_beyond_64_bits(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    facts["classes"] = [1, 2, 2**63]


def with_scaled_classes(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    """1 divided by 1e-9 is no class, but would be a place in memory."""
    facts["preprocessing"]["targets"] = {"mean": [0.0], "scale": [1e-9]}


def with_an_integer_beyond_float64(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    facts["preprocessing"]["inputs"]["mean"][0] = 10**400


def with_the_loss_of_another_task(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    facts["recipe"]["loss"] = {"name": "poisson"}


def with_half_a_character(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    facts["features"][0] = "\ud800"


def with_columns_of_other_features(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    facts["columns"] = [numeric_column(name) for name in facts["features"][1:]]


def with_the_same_column_twice(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    facts["columns"] = [numeric_column("a")] * 2


def with_a_column_of_an_unknown_role(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    facts["columns"] = [{**numeric_column("a"), "name": "code"}]


def with_a_column_filled_with_nothing(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    facts["columns"] = [{**numeric_column("a"), "fill": None}]


def with_a_date_in_a_strange_format(tensors: dict[str, Any], facts: dict[str, Any]) -> None:
    facts["columns"] = [{**numeric_column("a"), "name": "date", "format": "%Q", "parts": ["days"]}]


def numeric_column(name: str) -> dict[str, Any]:
    return {"name": "numeric", "column": name, "fill": 0.0, "gaps": False}


Change = Callable[[dict[str, Any], dict[str, Any]], None]
CHANGES: dict[Change, str] = {
    without_a_tensor: "tensor '2.bias' is missing",
    with_another_tensor: "tensor '6.weight' is not part of the network",
    with_another_shape: "tensor '0.weight' has shape (3, 3) of float32, expected (8, 4) of float32",
    with_a_number_that_is_none: "tensor '2.bias' has numbers that are not finite",
    with_a_network_beyond_memory: "expected (1000000, 4) of float32",
    without_a_recipe: "recipe: is missing",
    with_another_loss: "recipe.loss: unknown loss 'system'",
    with_a_strange_scale: "preprocessing: invalid state of a standardizer",
    with_too_few_scales: "preprocessing: invalid state of a standardizer",
    with_numbers_for_classes: "classes: found 3, expected a list",
    with_numbers_for_targets: "loss: cross_entropy is for classification, but this is regression",
    with_other_classes_than_weights: "loss.class_weights: found 1 weight for 3 classes",
    with_weights_that_are_left_open: "loss.class_weights: found balanced, expected the weights themselves",
    with_two_classes_less: "classes: found a list of 1, expected at least 2 entries",
    with_the_same_class_twice: "classes: two items are the same",
    with_classes_of_several_types: "classes: expected labels of one kind",
    with_a_class_beyond_64_bits: "classes: expected labels of one kind: text, true and false, or 64-bit integers",
    with_scaled_classes: "classes are not standardized",
    with_an_integer_beyond_float64: "preprocessing.inputs.mean.0: found 1000",
    with_the_loss_of_another_task: "loss: poisson is for regression, but this is classification",
    with_columns_of_other_features: "its columns do not give its features",
    with_the_same_column_twice: "two columns have the same name",
    with_a_column_of_an_unknown_role: "columns.0: unknown fitted column 'code'",
    with_a_column_filled_with_nothing: "columns.0.fill: found nothing, expected a number",
    with_a_date_in_a_strange_format: "columns.0.format: found the text '%Q', expected text of the form",
    with_half_a_character: "its metadata are not JSON",
}


@pytest.mark.parametrize("change", CHANGES)
def test_files_with_a_right_checksum_and_wrong_content(iris: Path, tmp_path: Path, change: Change) -> None:
    """A stranger can make a checksum too."""
    tensors, facts = facts_of(iris)
    change(tensors, facts)
    strange = tmp_path / "strange.safetensors"
    container.write(strange, tensors, facts)
    with pytest.raises(InputError) as refused:
        Model.load(strange)
    assert CHANGES[change] in str(refused.value)
    assert str(refused.value).startswith(f"{strange}: not a valid model: ")


def test_files_of_another_version_are_refused(iris: Path, tmp_path: Path) -> None:
    tensors, facts = facts_of(iris)
    container.write(tmp_path / "new.safetensors", tensors, facts, container.MODEL._replace(version="2"))
    with pytest.raises(InputError, match="format version '2'; this nntrain reads version 1"):
        container.read(tmp_path / "new.safetensors")


def test_a_failed_write_leaves_the_old_file(iris: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "model.safetensors"
    shutil.copy(iris, copy)
    before = copy.read_bytes()

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nntrain.utils.files.os.fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        Model.load(copy).save(copy)
    assert copy.read_bytes() == before
    assert list(tmp_path.iterdir()) == [copy]
