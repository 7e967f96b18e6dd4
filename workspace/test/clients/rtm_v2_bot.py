"""A bot on slack_sdk.rtm_v2, as its documentation has it."""

from threading import Event

from slack_sdk.rtm_v2 import RTMClient

from bot_common import API_URL, TOKEN, orders, tell

rtm = RTMClient(token=TOKEN, base_url=API_URL, ping_interval=1)


@rtm.on("hello")
def hello(client, event):
    tell("hello")


@rtm.on("message")
def message(client, event):
    tell("message", text=event["text"], channel=event["channel"], user=event["user"])


@rtm.on("*")
def everything(client, event):
    if "reply_to" in event:
        tell("reply", id=event["reply_to"], ok=event.get("ok"), text=event.get("text"))


orders(rtm.send)
rtm.connect()
Event().wait()
