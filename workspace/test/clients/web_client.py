"""Makes calls with the WebClient of slack_sdk, as told: {"method": "chat.postMessage", "args": {…}}."""

import sys
import json

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler, RateLimitErrorRetryHandler

from bot_common import API_URL, TOKEN, tell

client = WebClient(
    token=TOKEN,
    base_url=API_URL,
    retry_handlers=[ConnectionErrorRetryHandler(max_retry_count=2), RateLimitErrorRetryHandler(max_retry_count=2)],
)

for line in sys.stdin:
    order = json.loads(line)
    call = getattr(client, order["method"].replace(".", "_"), None)
    try:
        answer = call(**order["args"]) if call else client.api_call(order["method"], json=order["args"])
        tell("answer", data=answer.data, scopes=answer.headers.get("x-oauth-scopes"))
    except SlackApiError as error:
        tell("answer", data=error.response.data)
