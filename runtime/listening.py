"""The socket that a process is asked on."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

# Connections that wait to be accepted; the kernel's own limit (somaxconn, 4096 mostly) goes before it.
BACKLOG = 4096


class ListenError(Exception):
    """The address can't be listened on. The message is one line for the operator, and names what to set."""


@contextmanager
def listen(
    host: str, port: int, *, host_setting: str = "PURSER_HOST", port_setting: str = "PURSER_PORT"
) -> Iterator[socket.socket]:
    """A socket that listens there, closed at the end; port 0 is any free one. Raises ListenError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as refused:
        raise ListenError(f"Can't listen on {host}: {refused.strerror}. Set {host_setting}.") from None
    except UnicodeError:
        raise ListenError(f"Can't listen on {host}: this is no host name. Set {host_setting}.") from None
    with listening:
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            # From here on: two processes could both bind a port on which neither listens yet.
            listening.listen(BACKLOG)
        except OSError as refused:
            raise ListenError(
                f"Can't listen on {host} port {port}: {refused.strerror}. "
                f"Set {port_setting} to another port, or {host_setting} to an address of this machine."
            ) from None
        yield listening


def url_of(host: str, port: int) -> str:
    """What to ask for by HTTP."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
