"""Whether the service in this container answers; exits by an error when it does not. The port may be named."""

import os
import sys
import urllib.request

port = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PURSER_PORT") or "8000"
urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=2)
