"""Results as Markdown: tables, the targets and how far they are reached, and the short one in the README."""

import json
from pathlib import Path
from typing import Any

from benchmarks.machine import told
from benchmarks.peers import LIMITS, PEERS
from benchmarks.turns import ROOT

RESULTS = Path(__file__).parent / "results"
BEGIN, END = "<!-- benchmarks: written by python -m benchmarks report -->", "<!-- end of benchmarks -->"
SECTIONS = ("steps", "jobs", "runs", "growth", "overhead", "sizes")


def load(section: str) -> Any:
    """Return what was last measured of a section, None if nothing was."""
    path = RESULTS / f"{section}.json"
    return json.loads(path.read_text()) if path.exists() else None


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table, its first column to the left."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def digits(number: float) -> str:
    """Return a number with three significant digits."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def cell(peer: dict[str, Any] | None, scale: float = 1.0) -> str:
    """Return a figure and, where turns were further apart than 10 %, their spread."""
    if peer is None:
        return ""
    if "median" not in peer:
        return next(iter(peer))
    middle, low, high = (peer[key] * scale for key in ("median", "low", "high"))
    return digits(middle) + (f" ({digits(low)}–{digits(high)})" if high > 1.1 * low else "")


def products(case: dict[str, Any]) -> float | None:
    """Return the microseconds of a case's bare matrix products, by the fastest BLAS that was tried."""
    found = [case["peers"].get(name, {}).get("median") for name in LIMITS if name.startswith("products")]
    return min((one for one in found if one), default=None)


def steps(result: Any) -> str:
    """Return the tables of µs a step."""
    cases = result["found"]
    names = [name for name in PEERS if any(name in case["peers"] for case in cases)]
    rows = []
    for case in cases:
        peers, limit = case["peers"], products(case)
        floor = peers.get("optimizer floor", {}).get("median")
        share = digits(100 * limit / peers["nntrain"]["median"]) + " %" if limit and "nntrain" in peers else ""
        limits = [digits(limit) if limit else "", digits(floor) if floor else "", share]
        rows.append([case["net"], case["how"], *(cell(peers.get(name)) for name in names), *limits])
    return table(["net/batch", "how", *names, "bare products", "optimizer floor", "products' share"], rows)


def jobs(result: Any) -> str:
    """Return the tables of whole jobs and of the help."""
    found = result["found"]
    names = list(found["jobs"][0]["peers"])
    seconds, memory = [], []
    for job in found["jobs"]:
        seconds.append([job["job"], *(cell(job["peers"][name]) for name in names)])
        peaks = [job["peers"][name].get("peak_memory") for name in names]
        scores = [job["peers"][name].get("test") for name in names]
        memory.append(
            [
                job["job"],
                *(
                    f"{peak / 1e6:.0f} MB" + ("" if score is None else f", {score:.3f}") if peak else ""
                    for peak, score in zip(peaks, scores, strict=True)
                ),
            ]
        )
    starts = [[name, cell(start, 1000)] for name, start in found["starts"].items()]
    return "\n\n".join(
        (
            "Seconds from start to saved model and report:",
            table(["job", *names], seconds),
            "Peak memory, and accuracy or r² on the test part (splits and first weights are each peer's own):",
            table(["job", *names], memory),
            table(["start", "ms"], starts),
        )
    )


def runs(result: Any) -> str:
    """Return the table of runs a second."""
    found = result["found"]
    rows = [
        [name, cell(rate), f"{found['median_test_accuracy'][name]:.3f}"]
        for name, rate in found["runs_per_second"].items()
    ]
    text = (
        f"{found['times_scikit_learn']:.1f} × scikit-learn, "
        f"{found['times_its_training_alone']:.1f} × where it does not look "
        f"at validation data; {found['cores']} threads {found['scaling']:.2f} times one."
    )
    return table(["peer", "runs a second", "median test accuracy"], rows) + "\n\n" + text


def growth(result: Any) -> str:
    """Return the table of growth."""
    rows = []
    for one in result["found"]:
        points = ", ".join(f"{x:,.0f}: {digits(y)}" for x, y in zip(one["x"], one["y"], strict=True))
        peak = f"{one['memory'][-1] / 1e6:,.0f} MB" if "memory" in one else ""
        rows.append([one["of"], one["unit"], points, f"{one['exponent']:.2f}", peak])
    return table(["of", "unit", "points", "exponent", "peak memory at the end"], rows)


def overhead(result: Any) -> str:
    """Return the table of what a run costs over bare training."""
    rows = [
        [
            f"{one['recipe']}, {one['epochs']} epochs",
            f"{one['bare']:.3f}",
            f"{one['shown']:.3f}",
            f"{100 * (one['ratio'] - 1):.1f} %",
        ]
        for one in result["found"]
    ]
    return table(["recipe", "bare engine, s", "nntrain fit in a terminal, s", "more"], rows)


def sizes(result: Any) -> str:
    """Return the table of installed sizes."""
    rows = []
    for name, one in result["found"].items():
        size = f"{one['bytes'] / 1e6:,.0f} MB" if "bytes" in one else "missing"
        rows.append([name, size, str(one.get("packages", ""))])
    return table(["package, with all that it needs", "installed", "packages"], rows)


TITLES = {
    "steps": "Microseconds a training step",
    "jobs": "Whole jobs",
    "runs": "Many runs",
    "growth": "Growth",
    "overhead": "What a run costs over bare training",
    "sizes": "Installed size",
}


def case_of(result: Any, net: str, how: str) -> dict[str, Any]:
    """Return one case's result."""
    return next(dict(case) for case in result["found"] if case["net"] == net and case["how"] == how)


def targets() -> list[tuple[str, str, float | None, bool]]:
    """Return each target: what, its bound, what was reached (None: not measured), and whether it holds."""
    found: list[tuple[str, str, float | None, bool]] = []

    def at_most(what: str, bound: float, value: float | None) -> None:
        found.append((what, f"at most {bound:.3g}", value, value is not None and value <= bound))

    def at_least(what: str, bound: float, value: float | None) -> None:
        found.append((what, f"at least {bound:.3g}", value, value is not None and value >= bound))

    if result := load("steps"):
        for net, bounds in (
            ("2-16-16-2/32", {"jax scan": 1 / 3, "scikit-learn": 1 / 25, "torch eager": 1 / 40}),
            ("64-64-32-10/32", {"jax scan": 1 / 3, "scikit-learn": 1 / 15, "torch eager": 1 / 20}),
            ("784-256-128-10/128", {"jax scan": 0.7, "scikit-learn": 1 / 4, "torch eager": 1 / 3}),
        ):
            peers = case_of(result, net, "adam")["peers"]
            for peer, bound in bounds.items():
                at_most(f"{net}, Adam, of {peer}", bound, ratio(peers, "nntrain", peer))
        large = case_of(result, "784-2048-2048-10/512", "adam, all cores")
        at_most("784-2048-2048-10/512, all cores, of jax scan", 1, ratio(large["peers"], "nntrain", "jax scan"))
        at_least("the same: share of bare matrix products", 0.9, share(large))
        for net in ("784-256-128-10/128", "784-2048-2048-10/512"):
            at_least(f"{net}, share of bare matrix products", 0.85, share(case_of(result, net, "adam")))
    if result := load("jobs"):
        jobs = {job["job"]: job["peers"] for job in result["found"]["jobs"]}
        for peer, bound in {"scikit-learn": 1.0, "torch eager": 1 / 3, "jax scan": 1 / 2}.items():
            value = ratio(jobs["digits, 50 epochs"], "nntrain", peer)
            at_most(f"whole job, digits, 50 epochs, of {peer}", bound, value)
        at_most("whole job, CSV of 10 MB, of scikit-learn", 0.5, ratio(jobs["csv, 10 MB"], "nntrain", "scikit-learn"))
        starts = result["found"]["starts"]
        empty = next(name for name in starts if "Typer" in name)
        at_most("nntrain --help, of an empty Typer app", 1.3, ratio(starts, "nntrain --help", empty))
    if result := load("overhead"):
        at_most("a run over bare training", 1.05, max(one["ratio"] for one in result["found"]))
    if result := load("runs"):
        at_least("runs a second, of scikit-learn under joblib", 15, result["found"]["times_scikit_learn"])
        alone = result["found"]["times_its_training_alone"]
        at_least("the same, of scikit-learn that does not look at validation data", 15, alone)
        at_least("runs a second, two cores of one", 1.8, result["found"]["scaling"])
    return found


def ratio(peers: dict[str, Any], ours: str, theirs: str) -> float | None:
    """Return our median in parts of theirs."""
    if "median" not in peers.get(ours, {}) or "median" not in peers.get(theirs, {}):
        return None
    return float(peers[ours]["median"] / peers[theirs]["median"])


def share(case: dict[str, Any]) -> float | None:
    """Return the part of a step that the bare matrix products take."""
    limit = products(case)
    return limit / case["peers"]["nntrain"]["median"] if limit and "median" in case["peers"]["nntrain"] else None


def page() -> str:
    """Return the whole page of results."""
    parts = ["# Results\n\nWritten by `python -m benchmarks report` from the JSON files beside it.", "## Targets"]
    rows = [
        [what, bound, "not measured" if value is None else f"{value:.3g}", "yes" if met else "no"]
        for what, bound, value, met in targets()
    ]
    parts.append(table(["what", "target", "reached", "met"], rows))
    for section in SECTIONS:
        result = load(section)
        if result is not None:
            picture = f"\n\n![]({section}.svg)" if (RESULTS / f"{section}.svg").exists() else ""
            body = globals()[section](result)
            parts.append(f"## {TITLES[section]}\n\n{body}{picture}\n\n{told(result['machine'])}")
    return "\n\n".join(parts) + "\n"


def short() -> str:
    """Return the table for the project's README."""
    result, whole = load("steps"), load("jobs")
    rows = []
    names = ["nntrain", "scikit-learn", "torch eager", "jax scan", "keras (jax)"]
    for net in ("2-16-16-2/32", "64-64-32-10/32", "784-256-128-10/128", "784-2048-2048-10/512"):
        peers = case_of(result, net, "adam")["peers"]
        rows.append([f"{net}, µs a step", *(cell(peers.get(name)) for name in names)])
    jobs = {job["job"]: job["peers"] for job in whole["found"]["jobs"]}
    wanted = ("digits, 50 epochs", "csv, 10 MB")
    rows += [[f"{job}, s", *(cell(jobs[job].get(name)) for name in names)] for job in wanted]
    machine = result["machine"]
    text = (
        f"Adam, float32, one core; the jobs from start to saved model. {machine['cores']} cores of "
        f"{machine['processor']}, {machine['date']}; [all of it](benchmarks/results/results.md)."
    )
    return table(["", *names], rows) + "\n\n" + text


def with_short(readme: str) -> str:
    """Return the project's README with its table as the results have it."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{short()}\n{END}{after}"


def run() -> None:
    """Write the page and the README's table."""
    (RESULTS / "results.md").write_text(page())
    readme = ROOT / "README.md"
    readme.write_text(with_short(readme.read_text()))
