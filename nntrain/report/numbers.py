"""Numbers, times and counts as text."""

MINUTE, HOUR = 60, 3600


def number(value: float | None) -> str:
    """Return a number with four significant digits; a dash for None."""
    if value is None:
        return "–"
    return f"{value:#.4g}".rstrip(".") if 1e-4 <= abs(value) < 1e4 else f"{value:.4g}"


def short(value: float, digits: int = 3) -> str:
    """Return a number with few characters, such as ``1.5e-9`` or ``0.037``."""
    return f"{value + 0.0:.{digits}g}".replace("e-0", "e-").replace("e+0", "e")


def percent(value: float | None) -> str:
    """Return a fraction in percent; a dash for None."""
    return "–" if value is None else f"{value:.1%}"


def duration(seconds: float) -> str:
    """Return a time such as ``1.2 s``, ``3 min 20 s`` or ``2 h 5 min``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)} min {int(seconds % MINUTE)} s"
    return f"{int(seconds // HOUR)} h {int(seconds % HOUR // MINUTE)} min"
