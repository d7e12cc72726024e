"""What the figures were taken on."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path


def filesystem_of(folder: Path) -> str:
    """The type of the file system that holds the folder, such as "ext4"; "unknown" off Linux."""
    try:
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    except OSError:
        return "unknown"
    resolved = folder.resolve()
    found = (0, "unknown")
    for mount in mounts:
        # Fields: man 5 proc_pid_mountinfo. The mount point is the fifth, the type the first after " - ".
        before, _, after = mount.partition(" - ")
        point = Path(before.split()[4].replace("\\040", " "))
        if resolved.is_relative_to(point) and len(point.parts) >= found[0]:
            found = (len(point.parts), after.split()[0])
    return found[1]


def describe() -> dict[str, str]:
    """The machine in the words of a reader who wants to compare it with their own."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "Date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "Processor": f"{cores()} cores, {_processor()}",
        "Memory": f"{memory_bytes / 2**30:.0f} GiB",
        "Kernel": f"{platform.system()} {platform.release()} ({platform.machine()})",
        "Python": platform.python_version(),
        "Load before the run": f"{os.getloadavg()[0]:.1f}",
    }


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )
