# SPDX-License-Identifier: MIT
"""Read recorded exchanges, send them to the simulator, and compare the responses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from azure_simulator.context import SUBSCRIPTION_ID
from tests.support.arm import Arm

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "arm-examples"
ZEROS = "00000000-0000-0000-0000-000000000000"
HEADERS = ("content-type", "azure-asyncoperation", "location", "x-ms-failure-cause")

Recording = dict[str, Any]
Step = Callable[[Arm, Recording], Any]


@dataclass(frozen=True)
class Case:
    """A recorded exchange.

    given: brings the simulator to the state of the recording, and returns the path to request if the recorded one
    contains a generated name. edit: sets generated IDs in the recorded request body. allowed: paths that may differ in
    shape, each with the reason.
    """

    recording: str
    given: Step = lambda arm, recording: None
    edit: Callable[[Arm, Any], None] = lambda arm, body: None
    allowed: dict[str, str] = field(default_factory=dict)


def load(name: str) -> Recording:
    text = (RECORDINGS / f"{name}.json").read_text()
    loaded: Recording = json.loads(text.replace(ZEROS, SUBSCRIPTION_ID))
    return loaded


def group_of(recording: Recording) -> str:
    return str(recording["request"]["path"].split("/")[4])


def replay(arm: Arm, recording: Recording, path: str | None = None) -> httpx.Response:
    """Send the recorded request to the simulator, without a token if the recorded status is 401."""
    request = recording["request"]
    kept = {name: value for name, value in request["headers"].items() if name.lower().startswith("if-")}
    if recording["response"]["status"] == 401:
        kept["authorization"] = ""
    query = {name: value for name, value in request["query"].items() if name != "api-version"}
    return arm.send(request["method"], path or request["path"], request["body"], query=query, headers=kept)


def header_shape(headers: Any) -> dict[str, str]:
    """Return the relevant headers. URLs are reduced to their path, without location and generated last segment."""
    found = {name: headers[name] for name in HEADERS if name in headers}
    for name in ("azure-asyncoperation", "location"):
        if "?" in found.get(name, ""):
            path = urlsplit(found[name]).path.rpartition("/")[0]
            found[name] = re.sub("/locations/[^/]+", "/locations/*", path)
    return found


def query_names(headers: Any) -> set[str]:
    """Return the names in the query of the polling URL. Recordings before late 2023 have no signature."""
    url = headers.get("azure-asyncoperation") or headers.get("location") or ""
    return set(dict(parse_qsl(urlsplit(url).query)))
