"""The part of nginx's configuration that names the instances of the service.

    python deploy/nginx/instances.py upstreams 127.0.0.1:8001 127.0.0.1:8002 > purser-site/instances.conf
    python deploy/nginx/instances.py pool /run/purser/draining 2 > purser-site/pool.conf

An instance is taken out by a file, with its number for a name, in the folder of the draining: from then on no request
is sent to it. nginx need not be told. A reload of its own would close connections that clients keep open, together with
what they may just have sent on them.
"""

import sys
from collections.abc import Sequence

# Idle connections are let go well before a stopping instance lets go of them (runtime/http_protocol.py). A failed
# instance is out for two seconds; then one request tries it.
UPSTREAM = """\
upstream {name} {{
    zone {name} 64k;
    least_conn;
{servers}
    keepalive 64;
    keepalive_requests 10000;
    keepalive_timeout 500ms;
}}
"""
SERVER = "    server {address} max_fails=3 fail_timeout=2s;"
WITHOUT = """\
if (-f {folder}/{number}) {{
    set $purser_pool purser_without_{number};
}}
"""


def upstreams(addresses: Sequence[str]) -> str:
    """All instances as one group, and a group without each of them."""
    groups = {"purser": list(addresses)}
    if len(addresses) > 1:
        for number, without in enumerate(addresses, 1):
            groups[f"purser_without_{number}"] = [address for address in addresses if address != without]
    return "\n".join(
        UPSTREAM.format(name=name, servers="\n".join(SERVER.format(address=address) for address in group))
        for name, group in groups.items()
    )


def pool(folder: str, count: int) -> str:
    """The group that takes requests; one instance at a time can be out."""
    text = "set $purser_pool purser;\n"
    if count > 1:
        text += "".join(WITHOUT.format(folder=folder, number=number) for number in range(1, count + 1))
    return text


def main(words: Sequence[str]) -> str:
    """The file that these words of the command line ask for."""
    match words:
        case ["upstreams", *addresses] if addresses:
            return upstreams(addresses)
        case ["pool", folder, count] if count.isdecimal():
            return pool(folder, int(count))
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]))
