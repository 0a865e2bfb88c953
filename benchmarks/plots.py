"""Results as pictures (SVG), drawn by matplotlib: µs a step beside peers, and growth."""

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.found import Results, products
from benchmarks.peers import PEERS

COLORS = {"nntrain": "#d55e00", "scikit-learn": "#0072b2", "torch eager": "#cc79a7", "torch.compile": "#e69f00"}
COLORS |= {"jax jit": "#56b4e9", "jax scan": "#009e73", "keras (jax)": "#999999"}


def run(results: Results) -> None:
    """Draw what was measured."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "nntrain", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    if result := results.load("steps"):
        steps(result["found"], results.folder / "steps.svg")
    if result := results.load("growth"):
        growth(result["found"], results.folder / "growth.svg")


def steps(cases: list[dict[str, Any]], picture: Path) -> None:
    """Draw a panel for each net: a point for each peer, on a logarithmic axis, and the limit as a line."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import LogLocator, NullFormatter

    shown = [case for case in cases if case["how"] == "adam"]
    figure, axes = plt.subplots(2, 3, figsize=(12, 5.6), layout="constrained")
    for axis, case in zip(axes.flat, shown, strict=False):  # where some nets only were measured, panels stay empty
        names = [name for name in PEERS if "median" in case["peers"].get(name, {})]
        times = [case["peers"][name]["median"] for name in names]
        for name, time in zip(names, times, strict=True):
            axis.plot(time, name, "o", color=COLORS[name])
            label = f"{time:,.0f}" if time >= 100 else f"{time:.1f}"
            axis.annotate(label, (time, name), (8, 0), textcoords="offset points", va="center", fontsize=8)
        limit = products(case)
        if limit:
            axis.axvline(limit, color="black", linestyle=":", linewidth=1)
            axis.text(limit, -0.8, " bare products", fontsize=7, va="center")
        axis.set(xscale="log", title=case["net"], xlabel="µs a step")
        axis.set_xlim(min(*times, limit or times[0]) / 1.3, max(times) * 2)
        axis.set_ylim(len(names) - 0.5, -1.2)  # downwards, with room for the limit's name
        decades = max(times) > 20 * min(times)
        axis.xaxis.set_major_locator(LogLocator(subs=(1.0,) if decades else (1.0, 2.0, 5.0)))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axis.grid(axis="y", color="#dddddd", linewidth=0.6)
        axis.set_axisbelow(True)
    figure.suptitle("A training step: Adam, float32, one core")
    figure.savefig(picture, metadata={"Date": None})


def growth(curves: list[dict[str, Any]], picture: Path) -> None:
    """Draw a panel for each curve: the points, and the power law fitted to their upper half."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 4, figsize=(12, 3), layout="constrained")
    for axis, one in zip(axes, curves, strict=True):
        x, y, half = np.array(one["x"], float), np.array(one["y"]), len(one["x"]) // 2
        middle = [np.exp(np.log(of[half:]).mean()) for of in (x, y)]
        axis.loglog(x, y, "o", color=COLORS["nntrain"])
        law = middle[1] * (x[half:] / middle[0]) ** one["exponent"]  # which is a line through the points' center
        axis.loglog(x[half:], law, ":", color="black", label=f"exponent {one['exponent']:.2f}")
        axis.set(xlabel=one["of"], ylabel=one["unit"])
        axis.legend(frameon=False, fontsize=8)
    figure.savefig(picture, metadata={"Date": None})
