"""The HTTP binding of the official Python SDK for CloudEvents as an oracle; see tests/it/event_http_oracles.rs.

    pip install "cloudevents>=2,<3"

A message is a line of JSON: {"headers": {...}, "body": [bytes]}.

usage: cloudevents_http.py read          messages on stdin: each event as the SDK reads it, as a line of structured JSON
       cloudevents_http.py again MODE    messages on stdin: each event as the SDK sends it on, in binary or structured mode
       cloudevents_http.py make MODE     messages that the SDK makes, each followed by the event as the SDK reads it back
"""

import json
import sys

from cloudevents.core.bindings import http
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from cloudevents_roundtrip import lines, made

SDK = JSONFormat()


def read(line):
    message = json.loads(line)
    headers, body = message["headers"], bytes(message["body"])
    message = http.HTTPMessage(headers=headers, body=body)
    # The SDK takes any message with a "ce-" header for one in binary mode, as does the specification unless the
    # content type says otherwise; no message here has both.
    return http.from_http(message, SDK, CloudEvent)


def send(event, mode):
    message = {"binary": http.to_binary, "structured": http.to_structured}[mode](event, SDK)
    return json.dumps({"headers": message.headers, "body": list(message.body)}).encode()


def is_sent_well(event):
    """The SDK sends a string as it is, also under a content type that is JSON."""
    content_type = event.get_datacontenttype() or "application/json"
    return not (isinstance(event.get_data(), str) and "json" in content_type)


def main():
    out = sys.stdout.buffer
    match sys.argv[1:]:
        case ["read"]:
            for line in lines():
                out.write(SDK.write(read(line)) + b"\n")
        case ["again", mode]:
            for line in lines():
                out.write(send(read(line), mode) + b"\n")
        case ["make", mode]:
            for event in made():
                if mode == "structured" or is_sent_well(event):
                    message = send(event, mode)
                    out.write(message + b"\n" + SDK.write(read(message)) + b"\n")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
