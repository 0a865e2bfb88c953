"""``python -m benchmarks.tables``: test scores on ten real tables; ``train``: how many tables train unedited."""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.tables.catalogue import MORE, REPORTED, TUNING, Entry, entries
from benchmarks.tables.scores import built, ours, recipe, theirs
from nntrain.errors import NntrainError

LISTS = {"reported": REPORTED, "tuning": TUNING, "more": MORE}
NNTRAIN = "nntrain"
EQUAL = 0.002  # smaller differences count as equal


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["scores", "train"], default="scores")
    parser.add_argument("--list", choices=LISTS, default="reported", help="tables  [default: reported]")
    parser.add_argument("--site", type=Path, help="site-packages with the packages  [default: of this Python]")
    parser.add_argument("--seeds", type=int, default=10, help="splits of each table  [default: 10]")
    parser.add_argument("--match", default="", help="only tables whose name contains this")
    parser.add_argument("--set", action="append", default=[], help="change the recipe, as nntrain fit --set does")
    parser.add_argument("--peers", type=Path, help="file that keeps the scores of scikit-learn")
    parser.add_argument("--out", type=Path, help="file for all scores")
    arguments = parser.parse_args()
    site = arguments.site or Path(next(path for path in sys.path if path.endswith("site-packages")))
    with tempfile.TemporaryDirectory() as folder:
        chosen = [entry for entry in entries(LISTS[arguments.list]) if arguments.match in entry.name]
        if arguments.what == "train":
            show_trained(chosen, site, Path(folder))
            return
        found = scores(chosen, site, Path(folder), range(arguments.seeds), arguments.set, arguments.peers)
    show_scores(found)
    if arguments.out:
        arguments.out.write_text(json.dumps(found, indent=1))


Scores = dict[str, dict[str, list[float]]]  # by table, then by model: one for each seed


def scores(
    chosen: list[Entry], site: Path, folder: Path, seeds: range, settings: list[str], kept: Path | None
) -> Scores:
    """Return the test scores of all models; those of scikit-learn from the file ``kept`` where it has them."""
    peers: dict[str, Any] = json.loads(kept.read_text()) if kept and kept.exists() else {}
    found: Scores = {}
    for entry in chosen:
        text = recipe(entry.write(site, folder), entry.target)
        models: dict[str, list[float]] = {NNTRAIN: []}
        for seed in seeds:
            run = built(text, seed, settings)
            models[NNTRAIN].append(ours(run))
            key = f"{entry.name} {seed}"
            if key not in peers:
                peers[key] = theirs(run)
            for name, score in peers[key].items():
                models.setdefault(name, []).append(score)
        found[entry.name] = models
        print(f"{entry.name:12}", *(f"{name} {median(values):.4f}  " for name, values in models.items()), flush=True)
        if kept:
            kept.write_text(json.dumps(peers))
    return found


def show_scores(found: Scores) -> None:
    """Print the median over the tables of nntrain's differences to each model, and how often it is better."""
    for name in dict.fromkeys(name for models in found.values() for name in models if name != NNTRAIN):
        gaps = {
            table: median(models[NNTRAIN]) - median(models[name]) for table, models in found.items() if name in models
        }
        better = sum(gap > EQUAL for gap in gaps.values())
        worse = sum(gap < -EQUAL for gap in gaps.values())
        print(f"{name}: median difference {median(gaps.values()):+.4f}, better {better}, worse {worse} of {len(gaps)}")


def show_trained(chosen: list[Entry], site: Path, folder: Path) -> None:
    """Print which tables train, and whether the model is better than a constant where a linear model is."""
    trained, sensible = [], []
    for entry in chosen:
        try:
            run = built(recipe(entry.write(site, folder), entry.target), 0)
            score, peers = ours(run), theirs(run, ("constant", "linear"))
        except NntrainError as error:
            print(f"{entry.name:12} FAILED {error}", flush=True)
            continue
        trained.append(entry)
        if score > peers["constant"] or peers["linear"] <= peers["constant"]:
            sensible.append(entry)
        else:
            print(f"{entry.name:12} {score:.3f}", peers, flush=True)
    print(f"{len(trained)} of {len(chosen)} tables train, {len(sensible)} to a sensible model")


if __name__ == "__main__":
    main()
