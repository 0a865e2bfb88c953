"""What fuzz tests of JSON files need: values that are hard to bear, and where they can be put."""

from typing import Any

from hypothesis import strategies as st

NUMBERS = (0, -1, 1, 5e-324, -5e-324, 1.7e308, -1.7e308, 1e999, 10**400, 2**53, 2**64, 0.5, 1e-16)
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([*NUMBERS, None, True, "", "x", "\0\x1b[2J", "</script>", [], {}, [None], ["é"], "\ud800"]),
    st.floats(),
    st.integers(),
    st.text(max_size=20),
)


def places(data: Any, keys: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return where in JSON there are values."""
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [keys, *(place for key, child in children for place in places(child, (*keys, key)))]


def replaced(data: Any, keys: tuple[Any, ...], value: Any) -> Any:
    """Return JSON with another value at a place."""
    if not keys:
        return value
    copy = data.copy()
    copy[keys[0]] = replaced(data[keys[0]], keys[1:], value)
    return copy
