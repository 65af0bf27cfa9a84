# SPDX-License-Identifier: MIT
"""Recorded exchanges: how they are read, sent to the simulator, and compared."""

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
    """One recorded exchange.

    given: brings the simulator to the state of the recording; returns the path to ask where the recorded one
    holds a generated name. edit: puts generated ids into the recorded request body. allowed: paths that may
    differ in shape, each with the reason.
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
    """The recorded request, sent to the simulator; without a token where the recording is about that."""
    request = recording["request"]
    kept = {name: value for name, value in request["headers"].items() if name.lower().startswith("if-")}
    if recording["response"]["status"] == 401:
        kept["authorization"] = ""
    query = {name: value for name, value in request["query"].items() if name != "api-version"}
    return arm.send(request["method"], path or request["path"], request["body"], query=query, headers=kept)


def header_shape(headers: Any) -> dict[str, str]:
    """The headers of interest; of a URL, its path without location and the generated last segment."""
    found = {name: headers[name] for name in HEADERS if name in headers}
    for name in ("azure-asyncoperation", "location"):
        if "?" in found.get(name, ""):
            path = urlsplit(found[name]).path.rpartition("/")[0]
            found[name] = re.sub("/locations/[^/]+", "/locations/*", path)
    return found


def query_names(headers: Any) -> set[str]:
    """The names in the query of the URL to poll; recordings before late 2023 have no signature."""
    url = headers.get("azure-asyncoperation") or headers.get("location") or ""
    return set(dict(parse_qsl(urlsplit(url).query)))
