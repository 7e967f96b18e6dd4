"""What the Python bots of this folder share: telling what happens, and being told what to do, by lines of JSON."""

import json
import os
import sys
import threading

API_URL = os.environ["SLACK_API_URL"]
TOKEN = os.environ["SLACK_TOKEN"]

_lock = threading.Lock()


def tell(what, **members):
    with _lock:
        sys.stdout.write(json.dumps({"what": what, **members}) + "\n")
        sys.stdout.flush()


def orders(handle):
    """Calls `handle` with each order, on a thread of its own."""

    def read():
        for line in sys.stdin:
            handle(json.loads(line))

    threading.Thread(target=read, daemon=True).start()
