"""The targets, and how far they are reached."""

from benchmarks.found import Results, case_of, ratio, share

Target = tuple[str, str, float | None, bool]  # what, its bound, what was reached (None: not measured), whether it holds
OF_A_STEP = (
    ("2-16-16-2/32", {"jax scan": 1 / 3, "scikit-learn": 1 / 25, "torch eager": 1 / 40}),
    ("64-64-32-10/32", {"jax scan": 1 / 3, "scikit-learn": 1 / 15, "torch eager": 1 / 20}),
    ("784-256-128-10/128", {"jax scan": 0.7, "scikit-learn": 1 / 4, "torch eager": 1 / 3}),
)
OF_A_JOB = {"scikit-learn": 1.0, "torch eager": 1 / 3, "jax scan": 1 / 2}


def at_most(what: str, bound: float, value: float | None) -> Target:
    """Return a target from above."""
    return what, f"at most {bound:.3g}", value, value is not None and value <= bound


def at_least(what: str, bound: float, value: float | None) -> Target:
    """Return a target from below."""
    return what, f"at least {bound:.3g}", value, value is not None and value >= bound


def of_steps(results: Results) -> list[Target]:
    """Return those of a training step."""
    result = results.load("steps")
    if result is None:
        return []
    found = []
    for net, bounds in OF_A_STEP:
        for how, where in (("adam", "one core"), ("adam, all cores", "all cores")):
            peers = case_of(result, net, how)["peers"]
            found += [
                at_most(f"{net}, Adam, {where}, of {peer}", bound, ratio(peers, "nntrain", peer))
                for peer, bound in bounds.items()
            ]
    large = case_of(result, "784-2048-2048-10/512", "adam, all cores")
    found.append(
        at_most("784-2048-2048-10/512, all cores, of jax scan", 1, ratio(large["peers"], "nntrain", "jax scan"))
    )
    found.append(at_least("the same: share of bare matrix products", 0.9, share(large)))
    for net in ("784-256-128-10/128", "784-2048-2048-10/512"):
        found.append(
            at_least(f"{net}, one core, share of bare matrix products", 0.85, share(case_of(result, net, "adam")))
        )
    return found


def of_jobs(results: Results) -> list[Target]:
    """Return those of a whole job, and of the start."""
    result = results.load("jobs")
    if result is None:
        return []
    jobs, starts = {job["job"]: job["peers"] for job in result["found"]["jobs"]}, result["found"]["starts"]
    digits, empty = jobs["digits, 50 epochs"], next(name for name in starts if "Typer" in name)
    found = [
        at_most(f"whole job, digits, 50 epochs, of {peer}", bound, ratio(digits, "nntrain", peer))
        for peer, bound in OF_A_JOB.items()
    ]
    csv = ratio(jobs["csv, 10 MB"], "nntrain", "scikit-learn")
    found.append(at_most("whole job, CSV of 10 MB, of scikit-learn", 0.5, csv))
    found.append(at_most("nntrain --help, of an empty Typer app", 1.3, ratio(starts, "nntrain --help", empty)))
    return found


def of_overhead(results: Results) -> list[Target]:
    """Return those of what a run costs over bare training."""
    result = results.load("overhead")
    return [
        at_most(
            f"a run over bare training, {one['recipe']}, an epoch of {1e3 * one['bare'] / one['epochs']:.2g} ms",
            1.05,
            one["ratio"],
        )
        for one in (result["found"] if result else [])
    ]


def of_runs(results: Results) -> list[Target]:
    """Return those of many runs."""
    result = results.load("runs")
    if result is None:
        return []
    found = result["found"]
    alone = "the same, of scikit-learn that does not look at validation data"
    return [
        at_least("runs a second, of scikit-learn under joblib", 15, found["times_scikit_learn"]),
        at_least(alone, 15, found["times_its_training_alone"]),
        at_least("runs a second, two cores of one", 1.8, found["scaling"]),
    ]


def targets(results: Results) -> list[Target]:
    """Return all of them."""
    return [*of_steps(results), *of_jobs(results), *of_overhead(results), *of_runs(results)]
