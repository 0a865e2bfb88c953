"""A loss surface with the paths of optimizers as a picture file."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from nntrain.diagnostics.loss_surface import Surface, Values
from nntrain.report.animation import animated
from nntrain.report.picture_files import COLORS, DASHES, SIZE, drawn

LEVELS = 16
WIDE = 1.5  # of the size of a chart
FRAMES, MILLISECONDS = 40, 150  # of an animation; later steps change less and go by faster


def surface_picture(
    surface: Surface, paths: Sequence[tuple[str, Sequence[Values]]], minima: Values, kind: str, dark: bool = False
) -> bytes:
    """Return the picture.

    Args:
        surface: over one or two parameters.
        paths: the name of each optimizer and its paths (E, P).
        minima: points to mark (N, P).
        kind: ``svg``, ``png`` or ``pdf``; ``gif`` for an animation.
        dark: on a dark background.

    Raises:
        InputError: if matplotlib is not installed.
    """

    def draw(paths: Sequence[tuple[str, Sequence[Values]]], figure: Any) -> None:
        axes = figure.add_subplot()
        if len(surface.axes) == 1:
            _profile(axes, surface, paths)
        else:
            _contours(axes, surface)
            for number, (name, some) in enumerate(paths):
                _path(axes, name, some, number)
            axes.plot(minima[:, 0], minima[:, 1], "*", color="#CC0000", markersize=16, zorder=5)
            axes.set_ylabel(surface.names[1])
            axes.set_xlim(surface.axes[0][0], surface.axes[0][-1])
            axes.set_ylim(surface.axes[1][0], surface.axes[1][-1])
        axes.set_xlabel(surface.names[0])
        axes.grid(visible=len(surface.axes) == 1)
        if paths:
            axes.legend(fontsize=11)

    size = (WIDE * SIZE[0], WIDE * SIZE[1])
    if kind != "gif":
        return drawn(partial(draw, paths), kind, dark, size)
    longest = max((len(path) for _, some in paths for path in some), default=1)
    counts = np.unique(np.rint(np.geomspace(1, longest, FRAMES)).astype(int))
    frames = [[(name, [path[:count] for path in some]) for name, some in paths] for count in counts]
    return animated([partial(draw, frame) for frame in frames], dark, size, MILLISECONDS)


def _contours(axes: Any, surface: Surface) -> None:
    x, y = surface.axes
    low, high = float(np.nanmin(surface.loss)), float(np.nanmax(surface.loss))
    heights = np.log1p((surface.loss - low) / ((high - low) * 1e-4 or 1.0))
    axes.contourf(x, y, heights, LEVELS, cmap="Greys_r", alpha=0.6)
    axes.contour(x, y, heights, LEVELS, colors="gray", linewidths=0.6)


def _path(axes: Any, name: str, some: Sequence[Values], number: int) -> None:
    color, dash = COLORS[number % len(COLORS)], DASHES[number // len(COLORS) % len(DASHES)]
    for first, path in enumerate(some):
        axes.plot(path[:, 0], path[:, 1], dash, color=color, label=None if first else name)
        axes.plot(path[:1, 0], path[:1, 1], "o", color=color, markersize=8)
        axes.plot(path[-1:, 0], path[-1:, 1], "s", color=color, markersize=8)


def _profile(axes: Any, surface: Surface, paths: Sequence[tuple[str, Sequence[Values]]]) -> None:
    (at,) = surface.axes
    axes.plot(at, surface.loss, color="gray", linewidth=3)
    for number, (name, some) in enumerate(paths):
        for first, path in enumerate(some):
            heights = np.interp(path[:, 0], at, surface.loss)
            axes.plot(path[:, 0], heights, "o-", color=COLORS[number % len(COLORS)], label=None if first else name)
    axes.set_ylabel("loss")
