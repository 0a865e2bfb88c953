"""NumPy's NPY and NPZ files."""

import io
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nntrain.errors import InputError, bad_input, listed

if TYPE_CHECKING:
    import polars as pl

Columns = dict[str, NDArray[Any]]
SHAPES = "expected numbers, text or dates; Python objects are not loaded"


def read_npy(source: str, raw: bytes) -> "pl.DataFrame":
    """Return the columns of an NPY file: the fields of a structured array, or column_1, column_2 and so on.

    Raises:
        InputError: if it is no such file, or has no columns of numbers, text or dates.
    """
    return npy_columns(source, _loaded(source, raw))


def npy_columns(source: str, array: NDArray[Any]) -> "pl.DataFrame":
    """Return the columns of an NPY file's array, or of some of its rows."""
    import polars as pl

    if array.dtype.names is not None:
        return pl.DataFrame({name: _column(source, name, array[name]) for name in array.dtype.names})
    return pl.DataFrame(_columns(source, "column", array[:, None] if array.ndim == 1 else array))


def read_npz(source: str, raw: bytes) -> "pl.DataFrame":
    """Return the columns of an NPZ file: an array (N,) is a column, an array x (N, K) the columns x_1 to x_K.

    Raises:
        InputError: if it is no such file, or its arrays have different numbers of rows.
    """
    import polars as pl

    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            files = {name: archive.read(name) for name in archive.namelist() if name.endswith(".npy")}
    except Exception as error:  # zipfile raises anything on damaged bytes
        raise bad_input(source, f"not a valid NPZ file: {error}") from None
    arrays = {name.removesuffix(".npy"): _loaded(source, content) for name, content in files.items()}
    if not arrays:
        raise bad_input(source, "has no arrays")
    rows = {name: len(array) if array.ndim else 1 for name, array in arrays.items()}
    if len(set(rows.values())) > 1:
        found = listed(f"{name} {count:,}" for name, count in rows.items())
        raise bad_input(
            source, f"its arrays have different numbers of rows: {found}", "save one row each in all arrays"
        )
    columns: Columns = {}
    for name, array in arrays.items():
        for key, values in _columns(source, name, array).items():
            if key in columns:
                raise bad_input(source, f"two columns are named {key!r}", "rename an array")
            columns[key] = values
    return pl.DataFrame(columns)


def _columns(source: str, name: str, array: NDArray[Any]) -> Columns:
    if array.ndim == 1 and array.dtype.names is None:
        return {name: _column(source, name, array)}
    if array.ndim == 0 or array.dtype.names is not None or array.size == 0:
        what = f"array {name!r} has shape {array.shape} of {array.dtype}, expected rows (N,) or rows and columns (N, K)"
        raise bad_input(source, what)
    table = array.reshape(len(array), -1)
    return {f"{name}_{k}": _column(source, name, values) for k, values in enumerate(table.T, start=1)}


def _column(source: str, name: str, values: NDArray[Any]) -> NDArray[Any]:
    """Return a column in the machine's byte order."""
    if values.ndim != 1 or values.dtype.kind not in "biufUMm":
        what = f"array {name!r} has shape {values.shape} of {values.dtype}"
        raise bad_input(source, what, SHAPES)
    if values.dtype.kind in "Mm":
        return values.astype(f"{values.dtype.kind}8[us]")
    kind = np.float32 if values.dtype == np.float16 else values.dtype.newbyteorder("=")
    return np.ascontiguousarray(values, kind)


def _loaded(source: str, raw: bytes) -> NDArray[Any]:
    try:
        return np.asarray(np.lib.format.read_array(io.BytesIO(raw), allow_pickle=False))
    except Exception as error:  # numpy raises anything on damaged bytes
        raise not_loaded(source, error) from None


def not_loaded(source: str, error: Exception) -> InputError:
    """Return the error for a file that NumPy cannot load."""
    if "allow_pickle" in str(error):
        return bad_input(source, "holds Python objects", "save numbers or text; objects are not loaded")
    return bad_input(source, f"not a valid NumPy array: {str(error).splitlines()[0] if str(error) else 'truncated'}")
