"""Weights of other libraries: a PyTorch state dict, or scikit-learn's coefs_ and intercepts_.

A file holds only named arrays, as safetensors or npz; nothing in it is unpickled. Modules are matched with a network's
in the order of their names, in which numbers are compared by value: fc2 comes before fc10.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from nntrain.artifacts.named_arrays import named_arrays
from nntrain.errors import InputError, bad_input
from nntrain.network.network import Network

Array = NDArray[Any]
Modules = dict[str, dict[str, Array]]  # the arrays of each module, by name
SKLEARN = {"coefs_": "weight", "intercepts_": "bias"}
COUNTERS = "num_batches_tracked"  # of torch's batch norm
EXPECTED = "expected a state dict as .safetensors or .npz"


def read_arrays(path: Path) -> dict[str, Array]:
    """Return the arrays of a safetensors or npz file by name.

    Raises:
        InputError: if it cannot be read, or is neither.
    """
    try:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        return dict(load_file(path))
    except OSError as error:
        raise bad_input(path, f"cannot read: {error.strerror or 'no such file'}", EXPECTED) from None
    except (SafetensorError, BadZipFile, AttributeError, ValueError, TypeError, KeyError):
        raise bad_input(path, "not a file of arrays", EXPECTED) from None


def fill(network: Network, theta: Array, arrays: Mapping[str, Array], path: Path) -> None:
    """Write the arrays of a state dict into the parameters ``theta`` (P) of a network.

    Raises:
        InputError: if modules or shapes are not those of the network, or a number is not finite.
    """
    ours, theirs = _modules(named_arrays(network, theta)), _modules(_as_torch(arrays))
    if [_shapes(module) for module in ours.values()] != [_shapes(module) for module in theirs.values()]:
        raise _misfit(ours, theirs, path)
    for name, module in theirs.items():
        for key, values in module.items():
            if not np.issubdtype(values.dtype, np.floating):
                raise bad_input(path, f"{name}.{key} has numbers of type {values.dtype}, expected floats")
            if not np.isfinite(values).all() or (key == "running_var" and (values < 0).any()):
                raise bad_input(path, f"{name}.{key} has numbers that are not finite, or variances below 0")
    for target, source in zip(ours.values(), theirs.values(), strict=True):
        for key, values in target.items():
            values[:] = source.get(key, 0)  # a linear module without biases


def _as_torch(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return arrays under PyTorch's names and in its shapes; scikit-learn's are renamed and transposed."""
    found = {}
    for name, values in arrays.items():
        scikit_learn = re.fullmatch(r"(coefs_|intercepts_)_?(\d+)", name)
        if scikit_learn is None:
            found[name] = values
        else:
            kind, number = scikit_learn.groups()
            found[f"{number}.{SKLEARN[kind]}"] = values.T if kind == "coefs_" else values
    return {name: values for name, values in found.items() if not name.endswith(COUNTERS)}


def _modules(arrays: Mapping[str, Array]) -> Modules:
    """Return the arrays of each module, the modules in the order of their names."""
    found: Modules = {}
    for name in sorted(arrays, key=_natural):
        module, _, key = name.rpartition(".")
        found.setdefault(module, {})[key] = arrays[name]
    return found


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _shapes(module: Mapping[str, Array]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a module's arrays; a linear module without biases counts as one with them."""
    shapes = {key: values.shape for key, values in module.items()}
    weight = shapes.get("weight", ())
    return {**({"bias": weight[:1]} if len(weight) > 1 else {}), **shapes}


def _misfit(ours: Modules, theirs: Modules, path: Path) -> InputError:
    here, there = (
        "; ".join(f"{name or '(no module)'}: {_listed(module)}" for name, module in modules.items())
        for modules in (ours, theirs)
    )
    return bad_input(path, f"its arrays are not those of the recipe's network: {there}", f"the network has {here}")


def _listed(module: Mapping[str, Array]) -> str:
    ordered = sorted(module.items(), key=lambda item: (item[0] != "weight", item[0]))
    return ", ".join(f"{key} {'×'.join(map(str, values.shape))}" for key, values in ordered)
