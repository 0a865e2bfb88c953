"""How many processors there are for this process."""

import os
from math import ceil
from pathlib import Path

QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of a container, on Linux: microseconds, or max, of so many


def cores(quota: Path = QUOTA) -> int:
    """Return how many processors this process may use: of the machine's, and of what its container is granted."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        granted, period = quota.read_text().split()
        return max(1, min(there, ceil(int(granted) / int(period))))
    except (OSError, ValueError):  # no container, or one without a limit
        return there
