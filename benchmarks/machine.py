"""What the figures were measured on: processor, versions, BLAS."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from nntrain.utils.cpu import cores

PACKAGES = ("nntrain", "numpy", "numba", "scipy", "scikit-learn", "torch", "jax", "keras", "polars", "typer")


def facts() -> dict[str, Any]:
    """Return what belongs beside every figure."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "processor": _processor(),
        "cores": cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
        "openblas_coretype": os.environ.get("OPENBLAS_CORETYPE", "not set"),
        "blas": _blas(),
    }


def told(facts: dict[str, Any]) -> str:
    """Return the facts as a sentence or two."""
    versions = ", ".join(f"{name} {found}" for name, found in facts["versions"].items() if name != "nntrain")
    blas = "; ".join(facts["blas"])
    return (
        f"Measured on {facts['date']} at commit {facts['commit']}: {facts['cores']} cores of {facts['processor']}, "
        f"{facts['system']}, Python {facts['python']}, {versions}. BLAS: {blas}; OPENBLAS_CORETYPE "
        f"{facts['openblas_coretype']}."
    )


def _commit() -> str:
    try:
        ended = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return ended.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    named = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    family, model = named.get("cpu family", "?"), named.get("model", "?")
    return f"{named.get('model name', os.uname().machine)} (family {family}, model {model})"


def _blas() -> list[str]:
    import numpy as np  # noqa: F401 - brings its BLAS
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_info

    libraries = [info for info in threadpool_info() if info["user_api"] == "blas"]
    return [f"{info['internal_api']} {info['version']} as {info.get('architecture', '?')}" for info in libraries]
