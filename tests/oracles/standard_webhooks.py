"""The reference library of Standard Webhooks for Python as an oracle; see tests/it/webhook_oracles.rs.

    pip install "standardwebhooks>=1,<2"

usage: standard_webhooks.py now       the clock, in whole seconds
       standard_webhooks.py sign      {"secret", "id", "timestamp", "body"} a line: the signature that the library makes
       standard_webhooks.py verify    {"secret", "headers", "body"} a line: "ok", or "refused" and why
"""

import json
import sys
import time
from datetime import datetime, timezone

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def sign(case):
    timestamp = datetime.fromtimestamp(case["timestamp"], tz=timezone.utc)
    return Webhook(case["secret"]).sign(case["id"], timestamp, case["body"])


def verify(case):
    try:
        Webhook(case["secret"]).verify(case["body"], case["headers"])
    except WebhookVerificationError as error:
        return f"refused {error}"
    return "ok"


def main():
    match sys.argv[1:]:
        case ["now"]:
            print(int(time.time()))
        case ["sign" | "verify" as verb]:
            cases = [json.loads(line) for line in sys.stdin.buffer.read().decode().split("\n") if line]
            for each in cases:
                print({"sign": sign, "verify": verify}[verb](each))
        case _:
            sys.exit(__doc__)


main()
