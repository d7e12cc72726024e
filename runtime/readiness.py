"""How a process tells its launcher that it is ready (runtime/processes.py)."""

import os
from contextlib import suppress


def tell_ready(descriptor: int) -> None:
    """Writes one byte to the launcher's pipe, and closes it."""
    # Without the launcher it is told to stop all the same.
    with suppress(BrokenPipeError):
        os.write(descriptor, b"1")
    os.close(descriptor)
