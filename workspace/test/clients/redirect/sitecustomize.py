"""Sends what a Python program asks of slack.com to another port of this machine. The program itself stays as it is:
localslackirc has the address of Slack's API written into it (slackclient/client.py) and no option for another."""

import os
import socket

_getaddrinfo = socket.getaddrinfo


def getaddrinfo(host, port, *args, **kwargs):
    if host == "slack.com":
        host, port = "127.0.0.1", int(os.environ["SLACK_COM_PORT"])
    return _getaddrinfo(host, port, *args, **kwargs)


socket.getaddrinfo = getaddrinfo
