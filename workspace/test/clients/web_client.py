"""Makes calls with the WebClient of slack_sdk, by command: {"method": "chat.postMessage", "args": {…}}."""

import sys
import json

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler, RateLimitErrorRetryHandler

from bot_common import API_URL, TOKEN, report

client = WebClient(
    token=TOKEN,
    base_url=API_URL,
    retry_handlers=[ConnectionErrorRetryHandler(max_retry_count=2), RateLimitErrorRetryHandler(max_retry_count=2)],
)

for line in sys.stdin:
    command = json.loads(line)
    call = getattr(client, command["method"].replace(".", "_"), None)
    try:
        response = call(**command["args"]) if call else client.api_call(command["method"], json=command["args"])
        report("response", data=response.data, scopes=response.headers.get("x-oauth-scopes"))
    except SlackApiError as error:
        report("response", data=error.response.data)
