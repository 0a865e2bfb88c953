"""The loss over two parameters as a picture, with the ways that runs took over it, which can be played."""

import base64
import json
import struct
import zlib
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from nntrain.diagnostics.surface import Path2, Surface
from nntrain.report import charts
from nntrain.report.charts import LEFT, TOP, Axis, colour, dash

BANDS = 20  # of equal loss, by its logarithm: their borders are the contour lines
DEEP, HIGH = (52, 54, 60), (236, 237, 239)  # colours of the lowest and the highest loss
SHOWN = 200  # places along a way

# Where each way stands at the moment of the slider, and a button that moves it.
SCRIPT = """
document.querySelectorAll("figure.surface").forEach(figure => {
  const ways = JSON.parse(figure.querySelector("script").textContent), slider = figure.querySelector("input");
  const dots = figure.querySelectorAll("circle.now"), told = figure.querySelector("output");
  const button = figure.querySelector("button");
  const show = () => {
    const epoch = +slider.value;
    told.textContent = "epoch " + epoch;
    ways.forEach((way, index) => {
      let at = 0;
      while (at + 1 < way.length && way[at + 1][0] <= epoch) at++;
      dots[index].setAttribute("cx", way[at][1]);
      dots[index].setAttribute("cy", way[at][2]);
    });
  };
  let timer = null;
  const stop = () => { clearInterval(timer); timer = null; button.textContent = "play"; };
  button.onclick = () => {
    if (timer) return stop();
    if (slider.value === slider.max) slider.value = 0;
    button.textContent = "stop";
    const stride = Math.max(1, Math.round(slider.max / 240));
    timer = setInterval(() => {
      slider.value = Math.min(+slider.value + stride, slider.max);
      show();
      if (slider.value === slider.max) stop();
    }, 40);
  };
  slider.oninput = show;
  show();
});
"""


def surface_figure(surface: Surface, names: Sequence[str], ways: Sequence[Path2]) -> str:
    """Return a figure of HTML: the surface, and over it the way of each run.

    Args:
        surface: the loss over a grid.
        names: of the runs.
        ways: where each of them was at first and after each epoch (E, 2).
    """
    across = Axis(float(surface.x[0]), float(surface.x[-1]), charts.ACROSS)
    up = Axis(float(surface.y[0]), float(surface.y[-1]), charts.DOWN)
    image = (
        f'<image x="{LEFT}" y="{TOP}" width="{across.size}" height="{up.size}" preserveAspectRatio="none" '
        f'href="data:image/png;base64,{base64.b64encode(picture(surface.loss)).decode()}"/>'
    )
    drawn, dots, told, keys = [], [], [], []
    for index, (name, way) in enumerate(zip(names, ways, strict=True)):
        places = _places(way, across, up)
        told.append(places)
        points = " ".join(f"{x},{y}" for _, x, y in places)
        drawn.append(f'<polyline class="under" points="{points}"/>')
        line = f'points="{points}" {charts.stroke(colour(index), dash(index))}'
        drawn.append(f"<polyline {line}><title>{escape(name)}</title></polyline>")
        dots.append(f'<circle class="now" r="5" fill="{colour(index)}" cx="{places[0][1]}" cy="{places[0][2]}"/>')
        keys.append(charts.key(name, colour(index), dash(index)))
    last = max(len(way) for way in ways) - 1
    first, second = surface.names
    return (
        '<figure class="surface"><figcaption>loss on the training part, and the ways over it'
        "<small>, dark is low; borders of equal loss by its logarithm</small></figcaption>"
        f'<svg viewBox="0 0 {charts.WIDTH} {charts.HEIGHT}" role="img" aria-label="loss surface">{image}'
        f"{charts.frame(across, up, first, second)}{''.join(drawn)}{''.join(dots)}</svg>"
        f'<p><button type="button">play</button> <input type="range" min="0" max="{last}" value="{last}" '
        f'aria-label="epoch"> <output>epoch {last}</output></p><ul class="keys">{"".join(keys)}</ul>'
        f'<script type="application/json">{json.dumps(told)}</script></figure>'
    )


def _places(way: Path2, across: Axis, up: Axis) -> list[tuple[int, float, float]]:
    """Return epoch, x and y in the picture of the points that are drawn; a way ends where it is not finite."""
    finite = np.isfinite(way).all(axis=1)
    way = way[: len(way) if finite.all() else int(finite.argmin())]
    keep = charts.thinned(np.abs(way - way[-1]).sum(axis=1), SHOWN)
    x, y = LEFT + across.place(way[keep, 0]), TOP + up.size - up.place(way[keep, 1])
    return [(int(e), round(float(a), 1), round(float(b), 1)) for e, a, b in zip(keep, x, y, strict=True)]


def picture(loss: NDArray[np.float64]) -> bytes:
    """Return the loss (rows from low to high, columns) as a PNG in bands of equal logarithm, the highest row first."""
    finite = loss[np.isfinite(loss)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    floor = (high - low) * 1e-6 or 1.0
    height = np.log((np.where(np.isfinite(loss), loss, high) - low) / floor + 1)
    band = np.floor(height / (height.max() or 1.0) * (BANDS - 1e-9)) / (BANDS - 1)
    pixels = np.rint(np.array(DEEP) + band[::-1, :, None] * (np.array(HIGH) - DEEP)).astype(np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    size = struct.pack(">IIBBBBB", loss.shape[1], loss.shape[0], 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", size), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
