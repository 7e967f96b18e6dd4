"""Shared by the Python bots of this folder: reports to the test and commands from it, as lines of JSON."""

import json
import os
import sys
import threading

API_URL = os.environ["SLACK_API_URL"]
TOKEN = os.environ["SLACK_TOKEN"]

_lock = threading.Lock()


def report(kind, **fields):
    with _lock:
        sys.stdout.write(json.dumps({"kind": kind, **fields}) + "\n")
        sys.stdout.flush()


def handle_commands(handle):
    """Calls `handle` with each command, in a new thread."""

    def read():
        for line in sys.stdin:
            handle(json.loads(line))

    threading.Thread(target=read, daemon=True).start()
