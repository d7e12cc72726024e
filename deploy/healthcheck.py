"""Whether the service in this container answers; exits by an error when it does not."""

import os
import urllib.request

port = os.environ.get("PURSER_PORT") or "8000"
# The service answers only for the hosts it is told to; of *.example.com any name will do.
host = (os.environ.get("PURSER_ALLOWED_HOSTS") or "localhost").split(",")[0].strip()
host = host.replace("*.", "health.") if host != "*" else "localhost"
request = urllib.request.Request(f"http://127.0.0.1:{port}/health/live", headers={"Host": host})
urllib.request.urlopen(request, timeout=2)  # noqa: S310
