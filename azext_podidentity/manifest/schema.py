# SPDX-License-Identifier: MIT
"""Validate a document against the schema of the file format."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import fastjsonschema

from azext_podidentity.manifest.node_reader import describe_path, missing, mistyped
from azext_podidentity.manifest.problems import Problems
from azext_podidentity.manifest.yaml_documents import Document, NodePath, Unquoted

SCHEMA: dict[str, Any] = json.loads(Path(__file__).with_name("schema.json").read_text("utf-8"))
_GIVE_ONE = "give either resourceId, or name and resourceGroup"


def check_schema(document: Document, problems: Problems) -> None:
    """Add a problem for each key or value that is missing, unknown or of the wrong type.

    The library stops at the first error, so each keyword of each value is validated separately. Patterns and lengths
    are validated by `profile.validation`, which also returns the reason.
    """
    for path, schema, value in _parts(document.value, SCHEMA, ()):
        for key in schema.get("required", ()):
            if not _holds({"required": [key]}, value):
                problems.add(document.place(*path), missing((*path, key)))
        for key in value if isinstance(value, dict) else ():
            allowed = schema.get("properties", {})
            if schema.get("additionalProperties") is False and not _holds(
                {"properties": dict.fromkeys(allowed, True), "additionalProperties": False}, {key: None}
            ):
                problems.add(document.key_place(*path, key), f"{describe_path(path)}{_unknown(key, allowed)}")
        if "type" in schema and not _holds({"type": schema["type"]}, value):
            problems.add(document.place(*path), mistyped(path, schema["type"], value))
        elif "const" in schema and not _holds({"const": schema["const"]}, value):
            problems.add(document.place(*path), _wrong_version(value))
        elif "oneOf" in schema and not _holds({"oneOf": schema["oneOf"]}, value):
            problems.add(document.place(*path), f"{describe_path(path)}{_GIVE_ONE}")


def _parts(value: Any, schema: Any, path: NodePath) -> Iterator[tuple[NodePath, Mapping[str, Any], Any]]:
    """Yield the value and each nested value with its path and its part of the schema."""
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        schema = SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]]
    yield path, schema, value
    if isinstance(value, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        for key, each in value.items():
            yield from _parts(each, known.get(key, others), (*path, key))
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _parts(each, schema.get("items"), (*path, index))


def _holds(schema: Mapping[str, Any], value: Any) -> bool:
    try:
        _compiled(json.dumps(schema))(value)
    except fastjsonschema.JsonSchemaValueException:
        return False
    return True


@cache
def _compiled(schema: str) -> Any:
    return fastjsonschema.compile(json.loads(schema))


def _unknown(key: str, allowed: Mapping[str, Any]) -> str:
    close = get_close_matches(key, allowed, 1, 0.6)
    return f"unknown key {key!r}; " + (f"did you mean {close[0]!r}?" if close else f"allowed: {', '.join(allowed)}")


def _wrong_version(value: Any) -> str:
    text = value.text if isinstance(value, Unquoted) else value
    return (
        f"version is {text!r}, but this extension reads version 1. To read later versions, update the extension: "
        "az extension update --name podidentity"
    )
