"""The number of cores that this process may use."""

import os
from math import ceil
from pathlib import Path

QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of a Linux container: microseconds (or max) per period


def cores(quota: Path = QUOTA) -> int:
    """Return the number of cores that this process may use, within its affinity and its container's limit."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        granted, period = quota.read_text().split()
        return max(1, min(available, ceil(int(granted) / int(period))))
    except (OSError, ValueError):  # no container, or no limit
        return available
