"""The loss over one or two parameters as data for ``surface.js``, with the optimizer paths."""

import base64
import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntrain.diagnostics.loss_surface import Path, Surface, Values
from nntrain.report.html.document import Figure, color, dash
from nntrain.report.html.lines import short

RESOLUTION = 1e-6  # of the lowest losses, relative to the range
PIXELS = 1000  # approximate length of a figure's longer side
TOLERANCE = 0.5 / PIXELS  # of a simplified path, relative to the range
MAX_POINTS = 1500  # of a path
OUTSIDE = 20.0  # times the range, where a path that leaves the figure is cut off


@dataclass(frozen=True)
class RunPath:
    """The path of a run.

    Attributes:
        name: name of the run.
        points: initial parameters and those after each epoch (E, P); for a search, only those that it tried.
        start: epoch of the first point.
        searched: whether the points are those of a search, not steps.
        group: runs of the same group have the same colour, and are hidden together; None: the run's own.
    """

    name: str
    points: Path
    start: int = 0
    searched: bool = False
    group: int | None = None

    @property
    def last(self) -> int:
        """The epoch of the last point."""
        return self.start + len(self.points) - 1


def surface_figure(
    surface: Surface, runs: Sequence[RunPath], losses: Sequence[Values], counted: str = "epoch"
) -> Figure:
    """Return the figure of the loss over two parameters, or its curve over one.

    Args:
        surface: the loss on a grid.
        runs: paths of the runs.
        losses: losses along each path.
        counted: what the points of a path count.
    """
    one, searched = len(surface.axes) == 1, bool(runs) and all(run.searched for run in runs)
    figure: dict[str, Any] = {
        "title": f"training loss over {' and '.join(surface.names)}",
        "names": [*surface.names, "loss"][:2],
        "counted": "point" if searched else counted,
        "wide": True,
        "last": max((run.last for run in runs), default=0),
        "paths": [_path(*facts, surface, index) for index, facts in enumerate(zip(runs, losses, strict=True))],
    }
    notes = _notes(runs, figure["paths"], counted)
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
    """Return low, unit, top and heights, where loss = low + unit * (exp(top * height / 65535) - 1)."""
    finite = loss[np.isfinite(loss)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    unit = (high - low) * RESOLUTION or 1.0
    logarithm = np.log1p((np.where(np.isfinite(loss), loss, high) - low) / unit)
    top = float(logarithm.max()) or 1.0
    return low, unit, top, np.rint(logarithm / top * 65535).astype("<u2")


def _notes(runs: Sequence[RunPath], paths: Sequence[Mapping[str, Any]], counted: str) -> list[str]:
    notes = []
    for run, path in zip(runs, paths, strict=True):
        shown, last = len(path["epochs"]), path["epochs"][-1]
        if run.searched and shown < len(run.points):
            notes.append(f"{run.name}: {shown:,} of {len(run.points):,} points drawn, including the best")
        elif shown == MAX_POINTS:
            notes.append(f"{run.name}: path simplified to {MAX_POINTS:,} points")
        if not run.searched and last < run.last:
            notes.append(f"{run.name}: far outside from {counted} {last:,} on")
    return notes


def _path(run: RunPath, losses: Values, surface: Surface, index: int) -> dict[str, Any]:
    """Return the data of a path or of the points of a search."""
    index = index if run.group is None else run.group
    points = run.points if len(surface.axes) == 2 else np.column_stack([run.points, losses])
    if run.searched:
        keep = _sampled(losses)
    else:
        points = _in_sight(points, surface)
        low, size = _box(surface)
        keep = simplified((points - low) / size)
    data: dict[str, Any] = {
        "label": run.name,
        "color": color(index),
        "dash": dash(index),
        "run": index,
        "epochs": (keep + run.start).tolist(),
        "x": short(points[keep, 0], 6),
        "y": short(points[keep, 1], 6),
    }
    if len(surface.axes) == 2:
        data["loss"] = short(losses[keep])
    if run.searched:
        data["marks"] = True
    return data


def _box(surface: Surface) -> tuple[Values, Values]:
    """Return the origin and the size of the figure along its two axes."""
    known = surface.loss[np.isfinite(surface.loss)]
    ends = [(axis[0], axis[-1]) for axis in surface.axes] + [(known.min(initial=0.0), known.max(initial=0.0))]
    low, high = np.array(ends[:2]).T
    return low, np.where(high > low, high - low, 1.0)


def _in_sight(points: Values, surface: Surface) -> Values:
    """Return a path up to the first point that is not finite (excluded) or far outside the figure (included)."""
    finite = np.isfinite(points).all(axis=1)
    points = points[: len(points) if finite.all() else max(1, int(finite.argmin()))]
    low, size = _box(surface)
    scaled = (points - low) / size
    outside = (np.abs(scaled) > OUTSIDE).any(axis=1)
    if not outside.any():
        return points
    return low + np.clip(scaled[: int(outside.argmax()) + 1], -OUTSIDE, OUTSIDE) * size


def _sampled(losses: Values) -> NDArray[np.int64]:
    """Return the indices of evenly spaced points of a search, and of the best one."""
    if losses.size <= MAX_POINTS:
        return np.arange(losses.size)
    best = int(np.where(np.isfinite(losses), losses, np.inf).argmin())
    return np.union1d(np.linspace(0, losses.size - 1, MAX_POINTS).astype(np.int64), [best])


def simplified(points: Values, tolerance: float = TOLERANCE, most: int = MAX_POINTS) -> NDArray[np.int64]:
    """Return the indices of the points (E, D) of a path that suffice to draw it.

    Douglas-Peucker, worst points first; the distance of a point is taken to the interpolated path at the same epoch.
    """
    kept, heap = {0, len(points) - 1}, list[tuple[float, int, int, int]]()

    def push(start: int, end: int) -> None:
        if end - start < 2:
            return
        fraction = (np.arange(start + 1, end) - start)[:, None] / (end - start)
        off = np.abs(points[start + 1 : end] - points[start] - fraction * (points[end] - points[start])).max(axis=1)
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
