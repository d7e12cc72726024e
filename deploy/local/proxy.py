"""nginx as a plain process, on the configuration that serves in production, in a folder of its own."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from deploy.nginx.instances import pool, upstreams

CONFIGURATION = Path(__file__).resolve().parents[1] / "nginx"
# Debian keeps it where a user's PATH does not look.
FOLDERS = "/usr/local/sbin:/usr/sbin:/sbin"


def find_nginx() -> str | None:
    """The program; None where it is not installed."""
    return shutil.which("nginx") or shutil.which("nginx", path=FOLDERS)


class Proxy:
    """nginx's files in `folder`; `command` runs it."""

    def __init__(self, nginx: str, folder: Path, port: int, instances: Sequence[str]) -> None:
        self.command = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
        if os.geteuid() == 0:
            # Its workers would be nobody, who may not look into this folder.
            self.command += ["-g", "user root;"]
        self._draining = folder / "draining"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(CONFIGURATION, folder)
        site = folder / "purser-site"
        for made in (self._draining, site):
            made.mkdir()
        parts = {
            "listen": f"listen 127.0.0.1:{port};\naccess_log /dev/stdout purser;\nset $purser_scheme $scheme;\n",
            "instances": upstreams(instances),
            "pool": pool(str(self._draining), len(instances)),
        }
        for name, text in parts.items():
            (site / f"{name}.conf").write_text(text)

    def take_out(self, number: int) -> None:
        """From now on the instance of this number, counted from 1, gets no request that begins."""
        (self._draining / str(number)).touch()

    def is_out(self, number: int) -> bool:
        """Whether it was taken out and not put in again."""
        return (self._draining / str(number)).exists()

    def put_in(self, number: int) -> None:
        (self._draining / str(number)).unlink(missing_ok=True)
