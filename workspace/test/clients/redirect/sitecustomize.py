"""Redirects connections to slack.com to another port of this machine, without a change to the program. localslackirc has
the address of Slack's API built in (slackclient/client.py)."""

import os
import socket

_getaddrinfo = socket.getaddrinfo


def getaddrinfo(host, port, *args, **kwargs):
    if host == "slack.com":
        host, port = "127.0.0.1", int(os.environ["SLACK_COM_PORT"])
    return _getaddrinfo(host, port, *args, **kwargs)


socket.getaddrinfo = getaddrinfo
