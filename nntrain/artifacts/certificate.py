"""The certificate of a run: what decides its result, and the hash of its weights, so that it can be verified."""

import hashlib
import importlib.metadata
import platform
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nntrain
from nntrain.data import Dataset

PACKAGES = ("numpy", "numba", "llvmlite", "scipy")  # those whose version may change the bytes of a run


def certificate(data: str, theta: NDArray[Any]) -> dict[str, Any]:
    """Return the certificate of a run.

    Keys: data (its fingerprint), weights (SHA-256 of the parameters that were kept), versions of nntrain,
    Python and the libraries, processor (the one that the matrix products are compiled for) and system.
    """
    return {"data": data, "weights": weights_hash(theta), **environment()}


def environment() -> dict[str, Any]:
    """Return versions, processor and system."""
    from llvmlite.binding import get_host_cpu_name

    versions = {"nntrain": nntrain.__version__, "python": platform.python_version()}
    versions |= {package: importlib.metadata.version(package) for package in PACKAGES}
    return {
        "versions": versions,
        "processor": get_host_cpu_name(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def data_fingerprint(dataset: Dataset) -> str:
    """Return the SHA-256 of the user's file, or of the rows of other sources."""
    if dataset.sha256 is not None:
        return dataset.sha256
    digest = hashlib.sha256(repr((dataset.x.shape, dataset.y.shape, dataset.y.dtype.str)).encode())
    for values in (dataset.x, dataset.y):
        digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()


def weights_hash(theta: NDArray[Any]) -> str:
    """Return the SHA-256 of parameters and running averages, as they are in memory."""
    return hashlib.sha256(np.ascontiguousarray(theta).data).hexdigest()
