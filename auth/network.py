"""What counts as one address where addresses are counted."""

import ipaddress
from functools import lru_cache

# Longer than any address is: what comes instead of one must not fill the memory of `_network_of`.
ADDRESS_CHARACTERS_MAX = 64


def network_of(address: str) -> str:
    """The address itself, of an IPv6 one its /64: whoever has one address there has them all.

    What is no address stays as it is.
    """
    return _network_of(address) if len(address) <= ADDRESS_CHARACTERS_MAX else address


@lru_cache(maxsize=4096)
def _network_of(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((int(ip), 64), strict=False))
