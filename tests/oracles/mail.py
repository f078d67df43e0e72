"""Reads messages after RFC 5322, each in base64 on a line, and answers for each what Python's `email` makes of it, as
JSON: its headers, its mailboxes, its two texts, and the defects that the parser found anywhere."""

import base64
import email
import email.policy
import json
import sys

for line in sys.stdin.read().splitlines():
    raw = base64.b64decode(line)
    message = email.message_from_bytes(raw, policy=email.policy.default)
    parts = list(message.iter_parts())
    defects = [str(defect) for part in [message, *parts] for defect in part.defects]
    defects += [str(defect) for value in message.values() for defect in value.defects]
    print(json.dumps({
        "names": message.keys(),
        "date": message["date"].datetime.isoformat(),
        "from": [[address.display_name, address.addr_spec] for address in message["from"].addresses],
        "to": [[address.display_name, address.addr_spec] for address in message["to"].addresses],
        "subject": message["subject"],
        "messageId": message["message-id"],
        "type": message.get_content_type(),
        "parts": [part.get_content_type() for part in parts],
        "text": parts[0].get_content().replace("\r\n", "\n"),
        "html": parts[1].get_content().replace("\r\n", "\n"),
        "defects": defects,
    }))
