"""Reads messages for Teams, one a line, and answers for each what is wrong with it: `ok`, or the faults.

What is held: the envelope that workflows take, the card against Microsoft's own JSON Schema of Adaptive Cards 1.4
(`tests/data/adaptive-card-1.4.0.schema.json`), and what that schema leaves out: the version, no action that a
webhook's card cannot have, https links alone, and the size.
"""

import json
import pathlib
import sys

from jsonschema import Draft6Validator

CARD = "application/vnd.microsoft.card.adaptive"
SCHEMA = pathlib.Path(__file__).parent.parent / "data" / "adaptive-card-1.4.0.schema.json"
validator = Draft6Validator(json.loads(SCHEMA.read_text(encoding="utf-8-sig")))


def objects(node):
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from objects(child)
    elif isinstance(node, list):
        for child in node:
            yield from objects(child)


def faults(line):
    message = json.loads(line)
    found = []
    if len(line.encode()) > 28 * 1024:
        found.append("%d bytes" % len(line.encode()))
    is_workflow = message.get("type") == "message"
    for attachment in message["attachments"]:
        card = attachment["content"]
        if attachment["contentType"] != CARD or attachment["contentUrl"] is not None:
            found.append("the attachment is not a card's")
        if is_workflow != isinstance(card, dict):
            found.append("content is an object for a workflow, a string for Graph")
        if not is_workflow:
            if '<attachment id="%s"></attachment>' % attachment["id"] != message["body"]["content"]:
                found.append("the attachment's id is not in the body")
            card = json.loads(card)
        found += ["%s: %s" % (list(error.absolute_path), error.message[:200]) for error in validator.iter_errors(card)]
        if card.get("version") != "1.4":
            found.append("the version is %r" % card.get("version"))
        for node in objects(card):
            if node.get("type") in ("Action.Submit", "Action.Execute"):
                found.append("%s does nothing here" % node["type"])
            if not str(node.get("url", "https://")).startswith("https://"):
                found.append("%s is not https" % node["url"])
    return found


for each in sys.stdin.read().splitlines():
    print("; ".join(faults(each)).replace("\n", " ") or "ok")
