"""``nntrain --version --verbose``: what a bug report should contain."""

import importlib.metadata
import platform

from nntrain import __version__
from nntrain.errors import counted
from nntrain.utils.cpu import cores


def version_text() -> str:
    """Return the versions of nntrain, Python and the libraries, and the CPU features in use."""
    from llvmlite.binding import get_host_cpu_name

    from nntrain.matmul.microkernel import VECTOR_BYTES

    lines = [f"nntrain {__version__}", f"Python {platform.python_version()} on {platform.platform()}"]
    packages = ("numpy", "numba", "scipy", "scikit-learn", "pydantic", "typer", "rich", "polars", "safetensors")
    lines += [f"{package} {importlib.metadata.version(package)}" for package in packages]
    vectors = f"{8 * VECTOR_BYTES}-bit vectors, compiled for {get_host_cpu_name()}"
    lines.append(f"Matrix products: {counted(cores(), 'thread')}, {vectors}")
    return "\n".join(lines)
