"""What an operator types."""

import os
import subprocess
import sys


def purser(*words: str, is_well: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    """`purser` with these words and settings; it must end well unless `is_well` is False."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "cli", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not is_well or done.returncode == 0, done.stdout + done.stderr
    return done
