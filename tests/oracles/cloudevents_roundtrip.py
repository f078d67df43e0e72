"""The official Python SDK for CloudEvents as an oracle; see tests/it/event_oracles.rs.

    pip install "cloudevents>=2,<3" jsonschema rfc3339-validator rfc3987-syntax

usage: cloudevents_roundtrip.py again          events on stdin, one a line: each as the SDK reads and writes it
       cloudevents_roundtrip.py make           events that the SDK makes, one a line
       cloudevents_roundtrip.py same           lines in pairs: the SDK must read both as the same event
       cloudevents_roundtrip.py schema FILE    events on stdin: each must be valid under the JSON Schema
"""

import json
import sys
from datetime import datetime, timedelta, timezone

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent


def lines():
    return [line for line in sys.stdin.buffer.read().decode("utf-8").split("\n") if line]


def made():
    """Every kind of attribute and of data that the SDK can hold."""
    plain = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
    time = datetime(2026, 3, 1, 2, 0, 7, 123456, tzinfo=timezone.utc)
    zone = timezone(timedelta(hours=-5, minutes=-30))
    attributes = [
        {},
        {"id": "7\u00e9\U0001f600\"\\/\b\f\n\r\t\u0001\u007f\u2028", "source": "urn:x:\u00fc"},
        {"subject": "vip", "dataschema": "https://schemas.example/vip.json"},
        {"time": time.replace(microsecond=0)},
        {"time": time.astimezone(zone)},
        {"time": datetime(1970, 1, 1, tzinfo=timezone.utc)},
        {"time": datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=timezone.utc)},
        {"flag": True, "noflag": False, "count": 2147483647, "less": -2147483648, "nought": 0, "text": "", "a1b2": "x"},
    ]
    payloads = [
        (None, None),
        (None, {"kind": "segment", "name": "vip", "value": 1004.5, "owners": ["ana@contoso.example"], "no": None}),
        ("application/json", {"a": [1, 2.5, -1e-7, 1e300, 9007199254740993, True, {"b": {}}], "\u00e9\"\\": "\ud7ff"}),
        ("application/vnd.example+json", {}),
        ("application/json; charset=utf-8", {"x": "\u0000\u001f\u0080"}),
        ("application/json", "a string"),
        ("text/plain", "line one\nline \"two\"\\"),
        ("text/xml", "<much wow=\"xml\"/>"),
        ("application/octet-stream", bytes(range(256))),
        ("image/png", b"\x89"),
        ("image/png", b"\x89P"),
    ]
    for number, changes in enumerate(attributes):
        for content_type, data in payloads:
            event = {**plain, "time": time, **changes}
            if content_type:
                event["datacontenttype"] = content_type
            event["number"] = number
            yield CloudEvent(event, data)


def as_data(event):
    return event.get_attributes(), event.get_data()


def main():
    out = sys.stdout.buffer
    sdk = JSONFormat()
    match sys.argv[1:]:
        case ["again"]:
            for line in lines():
                out.write(sdk.write(sdk.read(None, line)) + b"\n")
        case ["make"]:
            for event in made():
                out.write(sdk.write(event) + b"\n")
        case ["same"]:
            both = lines()
            for left, right in zip(both[::2], both[1::2], strict=True):
                if as_data(sdk.read(None, left)) != as_data(sdk.read(None, right)):
                    sys.exit(f"not the same event:\n{left}\n{right}")
            out.write(b"%d\n" % (len(both) // 2))
        case ["schema", path]:
            from jsonschema import Draft7Validator, FormatChecker

            with open(path, encoding="utf-8") as file:
                validator = Draft7Validator(json.load(file), format_checker=FormatChecker())
            given = lines()
            for line in given:
                faults = [fault.message for fault in validator.iter_errors(json.loads(line))]
                if faults:
                    sys.exit(f"{line}\n{faults}")
            out.write(b"%d\n" % len(given))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
