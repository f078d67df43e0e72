"""The PyPI package jsonschema as an oracle for connectors; see tests/it/connector.

usage: connector_schemas.py values    {"schema", "value"} a line: "ok", or what is wrong with the value. No member may be
                                      there that the schema does not declare.
       connector_schemas.py files     {"definition", "properties"} a line: "ok", or what Microsoft's own schemas of the two
                                      files say (`tests/data/connector/*.schema.json`)
"""

import json
import pathlib
import sys

from jsonschema import Draft4Validator, Draft7Validator, FormatChecker

DATA = pathlib.Path(__file__).parent.parent / "data" / "connector"
FORMATS = FormatChecker(["date-time"])


def closed(schema):
    """The schema, refusing what it does not declare."""
    if isinstance(schema, dict):
        schema = {name: closed(part) for name, part in schema.items() if name != "example"}
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return schema


def told(errors, limit=5):
    found = ["%s: %s" % ("/".join(map(str, error.absolute_path)), error.message[:200]) for error in errors]
    return "; ".join(found[:limit]).replace("\n", " ") or "ok"


def value(line):
    schema = closed(line["schema"])
    Draft4Validator.check_schema(schema)
    return told(Draft4Validator(schema, format_checker=FORMATS).iter_errors(line["value"]))


def files(line):
    found = []
    for name, validator, file in (
        ("definition", Draft4Validator, "apiDefinition.swagger.schema.json"),
        ("properties", Draft7Validator, "paconn-apiProperties.schema.json"),
    ):
        schema = json.loads((DATA / file).read_text(encoding="utf-8-sig"))
        found += list(validator(schema).iter_errors(line[name]))
    return told(found)


answer = {"values": value, "files": files}[sys.argv[1]]
for each in sys.stdin.read().splitlines():
    print(answer(json.loads(each)))
