"""The wire format of protobuf, for the few messages that TensorBoard reads.

Source: protobuf.dev/programming-guides/encoding.
"""

import struct
from collections.abc import Iterable

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types


def integer(field: int, number: int) -> bytes:
    """Encode an integer or truth value."""
    return _key(field, VARINT) + varint(number)


def double(field: int, number: float) -> bytes:
    """Encode a float64."""
    return _key(field, FIXED64) + struct.pack("<d", number)


def single(field: int, number: float) -> bytes:
    """Encode a float32."""
    return _key(field, FIXED32) + struct.pack("<f", number)


def doubles(field: int, numbers: Iterable[float]) -> bytes:
    """Encode a packed list of float64."""
    return message(field, b"".join(struct.pack("<d", number) for number in numbers))


def text(field: int, value: str) -> bytes:
    """Encode a string."""
    return message(field, value.encode())


def message(field: int, content: bytes) -> bytes:
    """Encode a message or bytes."""
    return _key(field, BYTES) + varint(len(content)) + content


def varint(number: int) -> bytes:
    """Encode an integer by groups of seven bits, the lowest first."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _key(field: int, kind: int) -> bytes:
    return varint(field << 3 | kind)
