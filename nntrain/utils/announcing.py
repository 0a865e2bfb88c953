"""Messages about long work from code that prints nothing: whoever runs it says where they go."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

_receivers: list[Callable[[str], None]] = []


@contextmanager
def announcing(say: Callable[[str], None]) -> Iterator[None]:
    """Within the context, pass messages to ``say``."""
    _receivers.append(say)
    try:
        yield
    finally:
        _receivers.pop()


def announce(text: str) -> None:
    """Pass a message to the innermost receiver; without one it is lost."""
    if _receivers:
        _receivers[-1](text)
