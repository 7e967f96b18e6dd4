"""A bot with slack_sdk.rtm, the older RTM client, after its documentation. With START set it calls rtm.start."""

import os

from slack_sdk.rtm import RTMClient

from bot_common import API_URL, TOKEN, handle_commands, report


@RTMClient.run_on(event="open")
def opened(**payload):
    report("open", self=payload["data"]["self"]["id"], users=len(payload["data"].get("users", [])))


@RTMClient.run_on(event="hello")
def hello(**payload):
    report("hello")


@RTMClient.run_on(event="message")
def message(**payload):
    data = payload["data"]
    report("message", text=data["text"], channel=data["channel"], user=data["user"])
    if data["text"] == "answer by the Web API":
        payload["web_client"].chat_postMessage(channel=data["channel"], text="by the Web API")


@RTMClient.run_on(event="Unknown")  # frames without a type: replies
def reply(**payload):
    data = payload["data"]
    report("reply", id=data["reply_to"], ok=data.get("ok"), text=data.get("text"))


method = "rtm.start" if os.environ.get("START") else "rtm.connect"
rtm = RTMClient(token=TOKEN, base_url=API_URL, connect_method=method, ping_interval=1)
loop = rtm._event_loop
handle_commands(lambda command: loop.call_soon_threadsafe(lambda: rtm.send_over_websocket(payload=command)))
rtm.start()
