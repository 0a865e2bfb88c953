"""Animated pictures (GIF): frames drawn by matplotlib, joined by Pillow, which matplotlib brings along."""

import io
from collections.abc import Callable, Sequence
from typing import Any

from nntrain.report.picture_files import drawn

DPI = 90
MILLISECONDS, LAST = 500, 2500  # that a frame stays, and the last one


def animated(
    frames: Sequence[Callable[[Any], None]], dark: bool, size: tuple[float, float], milliseconds: int = MILLISECONDS
) -> bytes:
    """Return a GIF that is repeated forever.

    Args:
        frames: draw into matplotlib's Figure; at least one.
        dark: light lines on a dark background.
        size: width and height in inches.
        milliseconds: that each frame but the last stays.

    Raises:
        InputError: if matplotlib is not installed.
    """
    pictures = [drawn(draw, "png", dark, size, DPI) for draw in frames]
    from PIL import Image

    images = [Image.open(io.BytesIO(one)).convert("RGB").quantize() for one in pictures]
    file = io.BytesIO()
    times = [milliseconds] * (len(images) - 1) + [LAST]
    images[0].save(file, "GIF", save_all=True, append_images=images[1:], duration=times, loop=0, optimize=False)
    return file.getvalue()
