"""A bot with slack_sdk.rtm_v2, after its documentation."""

from threading import Event

from slack_sdk.rtm_v2 import RTMClient

from bot_common import API_URL, TOKEN, handle_commands, report

rtm = RTMClient(token=TOKEN, base_url=API_URL, ping_interval=1)


@rtm.on("hello")
def hello(client, event):
    report("hello")


@rtm.on("message")
def message(client, event):
    report("message", text=event["text"], channel=event["channel"], user=event["user"])


@rtm.on("*")
def everything(client, event):
    if "reply_to" in event:
        report("reply", id=event["reply_to"], ok=event.get("ok"), text=event.get("text"))


handle_commands(rtm.send)
rtm.connect()
Event().wait()
