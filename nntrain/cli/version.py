"""``nntrain --version --verbose``: what a bug report needs to know."""

import importlib.metadata
import os
import platform

from nntrain import __version__
from nntrain.blas import CORE_TYPE


def version_text() -> str:
    """Return the versions of nntrain, Python and the libraries, and what BLAS runs on."""
    import scipy.linalg.cython_blas  # noqa: F401 - Numba's matrix products go through SciPy's BLAS
    from threadpoolctl import threadpool_info

    lines = [f"nntrain {__version__}", f"Python {platform.python_version()} on {platform.platform()}"]
    packages = ("numpy", "numba", "scipy", "scikit-learn", "pydantic", "typer", "rich", "polars", "safetensors")
    lines += [f"{package} {importlib.metadata.version(package)}" for package in packages]
    for library in threadpool_info():
        kind, threads = library.get("architecture", "?"), library["num_threads"]
        lines.append(f"BLAS: {library['internal_api']} {library.get('version')}, core type {kind}, {threads} threads")
    lines.append(f"{CORE_TYPE}: {os.environ.get(CORE_TYPE) or 'not set'}")
    return "\n".join(lines)
