"""What an operator types."""

import os
import subprocess
import sys


def purser(*words: str, input: str = "", **environment: str) -> subprocess.CompletedProcess[str]:  # noqa: A002
    """`purser` with these words, input and settings; it must end well."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "cli", *words],
        env={**os.environ, **environment},
        input=input,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done
