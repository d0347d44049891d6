"""Memory of this process, on Linux."""

import pathlib

STATUS, RESET = pathlib.Path("/proc/self/status"), pathlib.Path("/proc/self/clear_refs")


def memory_in_use(field="VmRSS"):
    """Return the bytes in use, or with "VmHWM" those at the peak since the last reset. Return None if unknown."""
    if not STATUS.exists():
        return None
    lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    return 1024 * int(lines[field].split()[0])


def reset_peak():
    """Reset the peak, and return the bytes in use, or None if peaks cannot be measured."""
    try:
        RESET.write_text("5")
    except OSError:
        return None
    return memory_in_use()
