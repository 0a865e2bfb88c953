"""How much memory can still be allocated, and sizes with units."""

import os
import re
from contextlib import suppress
from pathlib import Path

from nntrain.errors import bad_key


def available() -> int | None:
    """Return how many bytes can still be allocated, swap included; None if the system does not report it.

    This is the minimum over the machine, the control group (a container's limit) and the process limit.
    """
    left = []
    with suppress(OSError):
        facts = dict(re.findall(r"(\w+): +(\d+) kB", Path("/proc/meminfo").read_text()))
        left.append(1024 * (int(facts["MemAvailable"]) + int(facts["SwapFree"])))
    with suppress(OSError, IndexError, ValueError):  # no limit: "max" is not a number
        group = Path("/sys/fs/cgroup") / re.findall(r"0::/(.*)", Path("/proc/self/cgroup").read_text())[0]
        (used,) = re.findall(r"^anon (\d+)", (group / "memory.stat").read_text(), re.MULTILINE)
        left.append(int((group / "memory.max").read_text()) - int(used))
    with suppress(OSError, ImportError):  # Windows has neither
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            left.append(limit - int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize())
    return min(left, default=None)


def total() -> int | None:
    """Return the bytes of the machine's memory, or of the control group's limit; None if the system does not say."""
    found = []
    with suppress(OSError, ValueError, AttributeError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    with suppress(OSError, IndexError, ValueError):
        group = Path("/sys/fs/cgroup") / re.findall(r"0::/(.*)", Path("/proc/self/cgroup").read_text())[0]
        found.append(int((group / "memory.max").read_text()))
    return min(found, default=None)


def require(needed: int, key: str, what: str, hint: str) -> None:
    """Check that ``needed`` bytes can be allocated.

    Args:
        needed: bytes.
        key: the recipe key that determines the size.
        what: the purpose of the memory, for the message.
        hint: what to do if there is not enough.

    Raises:
        InputError: if there is not enough.
    """
    left = available()
    if left is not None and needed > left:
        found = f"not enough memory for {what}: {quantity(needed)} needed, {quantity(left)} available"
        raise bad_key(key, found, hint)


def quantity(count: int) -> str:
    """Return a number of bytes with a unit, such as ``27.3 kB``."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:,.3g} TB"
