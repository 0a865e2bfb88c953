"""The container of model files and checkpoints: tensors and JSON in one safetensors file, with a checksum over both.

safetensors itself has no checksum and loads a flipped bit silently. Nothing in a file is executed or unpickled: a file
from a stranger can at worst be refused.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from nntrain.errors import bad_input
from nntrain.utils.files import write_atomically

Tensors = Mapping[str, NDArray[Any]]


class Kind(NamedTuple):
    """A kind of file: its format and version, as in the metadata, and its name in messages."""

    format: str
    version: str
    name: str


MODEL = Kind("nntrain-model", "1", "model")
CHECKPOINT = Kind("nntrain-checkpoint", "1", "checkpoint")


def write(path: Path, tensors: Tensors, facts: Mapping[str, Any], kind: Kind = MODEL) -> None:
    """Write ``tensors`` and ``facts`` (any JSON) atomically.

    Raises:
        InputError: if the file cannot be written.
    """
    write_texts(path, tensors, {key: json.dumps(value, allow_nan=False) for key, value in facts.items()}, kind)


def write_texts(path: Path, tensors: Tensors, texts: Mapping[str, str], kind: Kind = MODEL) -> None:
    """Write ``tensors``, and facts that are JSON text already, atomically."""
    contiguous = {name: np.ascontiguousarray(values) for name, values in tensors.items()}
    metadata = {**texts, "format": kind.format, "format_version": kind.version}
    metadata["sha256"] = _digest(contiguous, metadata)
    write_atomically(path, _ordered(save(contiguous, metadata)))


def read(path: Path, kind: Kind = MODEL) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the tensors and facts of the file at ``path``.

    Raises:
        InputError: if there is no such file, it is not an nntrain file of this kind, or it was altered.
    """
    if path.is_dir():
        there = path / "model.safetensors"
        hint = f"try {there}" if there.is_file() else "it has no model.safetensors: train again"
        raise bad_input(path, "is a directory, expected a model file", hint)
    if path.exists() and not path.is_file():
        raise bad_input(path, f"is not a regular file, expected a {kind.name} file")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = dict(file.metadata() or {})
            # by name, so that the digest does not depend on the order in the file
            tensors = {name: file.get_tensor(name) for name in sorted(file.keys())}
    except OSError as error:
        raise bad_input(path, f"cannot read the {kind.name} file: {error.strerror or 'no such file'}") from None
    except (SafetensorError, AttributeError, TypeError, ValueError):
        # AttributeError and TypeError: a dtype that NumPy lacks
        raise bad_input(
            path, f"not a {kind.name} file, or a truncated one", f"expected a {kind.name}.safetensors"
        ) from None
    if metadata.get("format") != kind.format:
        raise bad_input(
            path, f"a safetensors file, but not an nntrain {kind.name}", "expected a file written by nntrain fit"
        )
    if metadata.get("format_version") != kind.version:
        found = metadata.get("format_version")
        raise bad_input(
            path, f"a {kind.name} file of format version {found!r}; this nntrain reads version {kind.version}"
        )
    if metadata.pop("sha256", "") != _digest(tensors, metadata):
        raise bad_input(path, f"the {kind.name} file was altered: its checksum does not match its content")
    try:
        facts = {key: json.loads(value) for key, value in metadata.items() if not key.startswith("format")}
        json.dumps(facts, ensure_ascii=False).encode()  # fails for a lone surrogate
    except (ValueError, RecursionError):
        raise bad_input(
            path, f"not a valid {kind.name}: its metadata are not JSON", "use the file as nntrain wrote it"
        ) from None
    return tensors, facts


def _ordered(content: bytes) -> bytes:
    """Sort the metadata by name: safetensors writes them in random order, and equal runs must give equal bytes.

    A file is the length of its header (8 bytes, little-endian), the header (JSON, padded with spaces to a multiple of
    8 bytes), and the tensors' data.
    """
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[end:]


def _digest(tensors: Tensors, metadata: Mapping[str, str]) -> str:
    digest = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name in sorted(tensors):
        values = tensors[name]
        digest.update(f"{name} {values.dtype} {values.shape}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()
