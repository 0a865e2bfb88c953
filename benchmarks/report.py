"""Results as Markdown: tables, the targets and how far they are reached, and the short table in docs/performance.md."""

from typing import Any

from benchmarks.found import SECTIONS, Results, case_of, products, share
from benchmarks.machine import told
from benchmarks.peers import PEERS
from benchmarks.targets import targets
from benchmarks.turns import ROOT

PERFORMANCE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- benchmarks: written by python -m benchmarks report -->", "<!-- end of benchmarks -->"


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


def steps(result: Any) -> str:
    """Return the tables of µs a step."""
    cases = result["found"]
    names = [name for name in PEERS if any(name in case["peers"] for case in cases)]
    rows = []
    for case in cases:
        peers, limit = case["peers"], products(case)
        floor = peers.get("optimizer floor", {}).get("median")
        part = share(case)
        told = "" if part is None else f"{digits(100 * part)} %"
        limits = [digits(limit) if limit else "", digits(floor) if floor else "", told]
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


def page(results: Results) -> str:
    """Return the whole page of results on one kind of processor."""
    rows = [
        [what, bound, "not measured" if value is None else f"{value:.3g}", "yes" if met else "no"]
        for what, bound, value, met in targets(results)
    ]
    parts = [
        "# Results\n\nWritten by `python -m benchmarks report` from the JSON files beside it.",
        "## Targets",
        "They are meant for two cores with AVX-512; on other processors they tell how far it is.",
        table(["what", "target", "reached", "met"], rows),
    ]
    for section in SECTIONS:
        result = results.load(section)
        if result is not None:
            picture = f"\n\n![]({section}.svg)" if (results.folder / f"{section}.svg").exists() else ""
            body = globals()[section](result)
            parts.append(f"## {TITLES[section]}\n\n{body}{picture}\n\n{told(result['machine'])}")
    return "\n\n".join(parts) + "\n"


def short(results: Results, others: list[Results]) -> str:
    """Return the short table for docs/performance.md, and links to the pages of all processors."""
    result, whole = results.load("steps"), results.load("jobs")
    rows = []
    names = ["nntrain", "scikit-learn", "torch eager", "jax scan", "keras (jax)"]
    for net in ("2-16-16-2/32", "64-64-32-10/32", "784-256-128-10/128", "784-2048-2048-10/512"):
        peers = case_of(result, net, "adam")["peers"]
        rows.append([f"{net}, µs a step", *(cell(peers.get(name)) for name in names)])
    jobs = {job["job"]: job["peers"] for job in whole["found"]["jobs"]}
    wanted = ("digits, 50 epochs", "csv, 10 MB")
    rows += [[f"{job}, s", *(cell(jobs[job].get(name)) for name in names)] for job in wanted]
    text = f"Adam, float32, one core; the jobs from start to saved model. {_linked(results)}"
    if others:
        text += f"; also of {', '.join(map(_linked, others))}"
    return table(["", *names], rows) + f"\n\n{text}."


def _linked(results: Results) -> str:
    machine = results.load("steps")["machine"]
    page = (results.folder / "results.md").relative_to(ROOT)
    return f"[{machine['cores']} cores of {machine['processor']}](../{page}), {machine['date']}"


def with_short(text: str) -> str:
    """Return docs/performance.md with the table of the latest results that have both steps and jobs."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    measured = [one for one in Results.all() if one.load("steps")]
    whole = [one for one in measured if one.load("jobs")]
    if not whole:
        return text
    newest = max(whole, key=lambda one: str(one.load("steps")["machine"]["date"]))
    others = [one for one in measured if one != newest]
    return f"{before}{BEGIN}\n{short(newest, others)}\n{END}{after}"


def run() -> None:
    """Write the pages of results and the table in docs/performance.md."""
    for results in Results.all():
        (results.folder / "results.md").write_text(page(results))
    PERFORMANCE.write_text(with_short(PERFORMANCE.read_text()))
