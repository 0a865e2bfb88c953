"""``python -m benchmarks.doctor verify|examine|report``: how often the doctor is right."""

import argparse
from pathlib import Path

from benchmarks.doctor.examine import examine_half
from benchmarks.doctor.summary import report
from benchmarks.doctor.verify import verify


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.doctor", description=__doc__)
    parser.add_argument("what", choices=["verify", "examine", "report"])
    parser.add_argument("--half", type=int, choices=[0, 1], default=0, help="0: development, 1: held out")
    parser.add_argument("--out", type=Path, help="JSON lines of the examinations; recipes that it has are skipped")
    parser.add_argument("--match", default="", help="only recipes whose name contains this")
    parser.add_argument("--kind", choices=["all", "broken", "healthy"], default="all", help="which recipes to examine")
    parser.add_argument("--budget", type=float, default=120, help="seconds for each examination  [default: 120]")
    parser.add_argument("--seconds", type=float, default=540, help="stop after this time  [default: 540]")
    arguments = parser.parse_args()
    out = arguments.out or Path(f"doctor-{arguments.half}.jsonl")
    if arguments.what == "verify":
        verify(arguments.half, arguments.match)
    elif arguments.what == "examine":
        examine_half(arguments.half, out, arguments.match, arguments.kind, arguments.budget, arguments.seconds)
    else:
        report(out)


if __name__ == "__main__":
    main()
