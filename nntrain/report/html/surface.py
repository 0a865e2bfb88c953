"""The loss over one or two parameters as data for ``surface.js``, with the paths of the runs over it."""

import base64
import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.diagnostics.loss_surface import Path, Surface, Values
from nntrain.report.html.document import Figure, colour, dash
from nntrain.report.html.lines import short

DEPTH = 1e-6  # of the range of the losses, by which the lowest ones are still told apart
PIXELS = 1000  # about, that the longer side of a figure takes
TOLERANCE = 0.5 / PIXELS  # of a path's points, relative to the range
KEPT = 1500  # points of a path, at most
OUTSIDE = 20.0  # times the range: where a path that leaves the picture is cut off


@dataclass(frozen=True)
class Walk:
    """The path of a run.

    Attributes:
        name: of the run.
        points: its parameters at first and after each epoch (E, P); of a search, those tried, and no first ones.
        start: the epoch of the first point.
        searched: whether the points are single ones, and not steps.
    """

    name: str
    points: Path
    start: int = 0
    searched: bool = False

    @property
    def last(self) -> int:
        """Return the epoch of the last point."""
        return self.start + len(self.points) - 1


def surface_figure(surface: Surface, walks: Sequence[Walk], losses: Sequence[Values]) -> Figure:
    """Return the figure of the loss over two parameters, or its curve over one.

    Args:
        surface: the loss over a grid.
        walks: of the runs.
        losses: at the points of each walk.
    """
    one, searched = len(surface.axes) == 1, all(walk.searched for walk in walks)
    figure: dict[str, Any] = {
        "title": f"training loss over {' and '.join(surface.names)}",
        "names": [*surface.names, "loss"][:2],
        "counted": "point" if searched else "epoch",
        "wide": True,
        "last": max(walk.last for walk in walks),
        "paths": [_path(*facts, surface, index) for index, facts in enumerate(zip(walks, losses, strict=True))],
    }
    notes = _notes(walks, figure["paths"])
    if one:
        (at,) = surface.axes
        return figure | {
            "kind": "profile",
            "at": short(at),
            "loss": short(surface.loss),
            "note": "; ".join(notes),
        }
    low, unit, top, heights = _heights(surface.loss)
    x, y = surface.axes
    return figure | {
        "kind": "surface",
        "note": "; ".join(["log-spaced bands, dark is low", *notes]),
        "xs": [float(x[0]), float(x[-1])],
        "ys": [float(y[0]), float(y[-1])],
        "size": x.size,
        "low": low,
        "unit": unit,
        "top": top,
        "heights": base64.b64encode(heights.tobytes()).decode(),
    }


def _heights(loss: Values) -> tuple[float, float, float, NDArray[np.uint16]]:
    """Return low, unit and top, and heights so that the loss is low + unit (exp(top height / 65535) - 1)."""
    finite = loss[np.isfinite(loss)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    unit = (high - low) * DEPTH or 1.0
    logarithm = np.log1p((np.where(np.isfinite(loss), loss, high) - low) / unit)
    top = float(logarithm.max()) or 1.0
    return low, unit, top, np.rint(logarithm / top * 65535).astype("<u2")


def _notes(walks: Sequence[Walk], paths: Sequence[Mapping[str, Any]]) -> list[str]:
    notes = []
    for walk, path in zip(walks, paths, strict=True):
        shown, last = len(path["epochs"]), path["epochs"][-1]
        if walk.searched and shown < len(walk.points):
            notes.append(f"{walk.name}: {shown:,} of {len(walk.points):,} points are drawn, the best among them")
        elif shown == KEPT:
            notes.append(f"{walk.name}: the path is simplified to {KEPT:,} points")
        if not walk.searched and last < walk.last:
            notes.append(f"{walk.name} is far outside from epoch {last:,} on")
    return notes


def _path(walk: Walk, losses: Values, surface: Surface, index: int) -> dict[str, Any]:
    """Return the data of a path, or of the points of a search."""
    points = walk.points if len(surface.axes) == 2 else np.column_stack([walk.points, losses])
    if walk.searched:
        keep = _some(losses)
    else:
        points = _in_sight(points, surface)
        low, size = _box(surface)
        keep = simplified((points - low) / size)
    data: dict[str, Any] = {
        "label": walk.name,
        "colour": colour(index),
        "dash": dash(index),
        "run": index,
        "epochs": (keep + walk.start).tolist(),
        "x": short(points[keep, 0], 6),
        "y": short(points[keep, 1], 6),
    }
    if len(surface.axes) == 2:
        data["loss"] = short(losses[keep])
    if walk.searched:
        data["marks"] = True
    return data


def _box(surface: Surface) -> tuple[Values, Values]:
    """Return where a picture begins and how far it reaches, in its two directions."""
    known = surface.loss[np.isfinite(surface.loss)]
    ends = [(axis[0], axis[-1]) for axis in surface.axes] + [(known.min(initial=0.0), known.max(initial=0.0))]
    low, high = np.array(ends[:2]).T
    return low, np.where(high > low, high - low, 1.0)


def _in_sight(points: Values, surface: Surface) -> Values:
    """Return a path up to where it is not finite or far outside of the picture, to which it still goes."""
    finite = np.isfinite(points).all(axis=1)
    points = points[: len(points) if finite.all() else max(1, int(finite.argmin()))]
    low, size = _box(surface)
    scaled = (points - low) / size
    outside = (np.abs(scaled) > OUTSIDE).any(axis=1)
    if not outside.any():
        return points
    return low + np.clip(scaled[: int(outside.argmax()) + 1], -OUTSIDE, OUTSIDE) * size


def _some(losses: Values) -> NDArray[np.int64]:
    """Return which points of a search are drawn: some, at equal distances, and the best one."""
    if losses.size <= KEPT:
        return np.arange(losses.size)
    best = int(np.where(np.isfinite(losses), losses, np.inf).argmin())
    return np.union1d(np.linspace(0, losses.size - 1, KEPT).astype(np.int64), [best])


def simplified(points: Values, tolerance: float = TOLERANCE, most: int = KEPT) -> NDArray[np.int64]:
    """Return which points (E, D) of a path are enough: the others lie close to where a straight move would be then.

    Douglas and Peucker's algorithm, with a point's distance taken to the place at its own time, the worst points first.
    """
    kept, heap = {0, len(points) - 1}, list[tuple[float, int, int, int]]()

    def push(start: int, end: int) -> None:
        if end - start < 2:
            return
        share = (np.arange(start + 1, end) - start)[:, None] / (end - start)
        off = np.abs(points[start + 1 : end] - points[start] - share * (points[end] - points[start])).max(axis=1)
        worst = int(off.argmax())
        if off[worst] > tolerance:
            heapq.heappush(heap, (-float(off[worst]), start, start + 1 + worst, end))

    push(0, len(points) - 1)
    while heap and len(kept) < most:
        _, start, middle, end = heapq.heappop(heap)
        kept.add(middle)
        push(start, middle)
        push(middle, end)
    return np.array(sorted(kept))
