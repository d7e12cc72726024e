"""What the API processes of a service have in memory, by what Linux says of them."""

from pathlib import Path


def api_processes(launcher: int) -> list[int]:
    """The API processes that the launcher has started, by process id."""
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    return [int(pid) for pid in children if b"api-process" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def resident_mib(process: int) -> float:
    """What the process has in memory now."""
    return _figure(process, "VmRSS")


def peak_mib(process: int) -> float:
    """The most that the process ever had."""
    return _figure(process, "VmHWM")


def _figure(process: int, name: str) -> float:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))
