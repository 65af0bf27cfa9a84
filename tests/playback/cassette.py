# SPDX-License-Identifier: MIT
"""Recordings: written with placeholders, replayed strictly."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import groupby
from pathlib import Path
from threading import RLock
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

import vcr
from requests import Session

from tests.playback.scrub import Scrubber

RECORDINGS = Path(__file__).with_name("recordings")
_REQUEST_HEADERS = ("content-type", "if-match", "aksHTTPCustomFeatures")
_ANSWER_HEADERS = ("content-type", "azure-asyncoperation", "location", "retry-after", "x-ms-request-id")
_CREDENTIAL = "/federatedIdentityCredentials/"
_BINDING = "/identityBindings/"
_LOGIN = re.compile(r"/oauth2/|/\.well-known/")
# Only these requests are sent in parallel, each with others of its kind: the kind, its method and paths.
_PARALLEL = {
    "read": (
        "GET",
        re.compile(
            r"/(userAssignedIdentities|roleAssignments|federatedIdentityCredentials|features|providers)(/[^/]*)?$"
            r"|/Microsoft.Features/"
        ),
    ),
    "grant": ("PUT", re.compile(r"/roleAssignments/[^/]*$")),
}
Compared = tuple[str, str, str, str]


class NotAsRecordedError(AssertionError):
    """The requests differ from those of the recording."""


def compared(request: Any) -> Compared:
    """Return the parts of a request that must match: method, host and path, query, meaningful headers, and body.

    The api-version is omitted, because the host's SDK chooses it, not the extension.
    """
    url = urlsplit(request.uri)
    query = sorted(pair for pair in parse_qsl(url.query) if pair[0] != "api-version")
    headers = {name: str(value) for name, value in request.headers.items() if name.lower() != "content-type"}
    return request.method, f"{url.netloc}{url.path}", json.dumps([query, sorted(headers.items())]), _body(request.body)


@contextmanager
def recording(path: Path, scrubber: Scrubber, header: dict[str, str] | None = None) -> Iterator[list[Any]]:
    """Replay the recording, or record it again if a header is given.

    The header describes the recorded service. Yield the list of the requests, which grows as they are sent.
    Raise NotAsRecordedError at the end if a request was unexpected, changed, missing, or out of order.
    """
    player = vcr.VCR(
        record_mode=vcr.mode.NONE if header is None else vcr.mode.ALL,
        decode_compressed_response=True,
        before_record_request=lambda request: _scrub_request(request, scrubber),
        before_record_response=lambda answer: _scrub_answer(answer, scrubber),
    )
    player.register_matcher("strict", _match)
    if header is None and not path.exists():
        raise NotAsRecordedError(f"There is no recording {path.name}; make it with: ./test --playback record")
    with _one_at_a_time(), player.use_cassette(str(path), match_on=["strict"]) as cassette:
        asked = _record_requests(cassette)
        if header is not None:
            cassette._metadata = header
        yield asked
        if header is None:
            check(cassette.requests, asked)


def check(recorded: list[Any], asked: list[Any]) -> None:
    """Raise NotAsRecordedError if the requests differ from those recorded. Only parallel ones may change order.

    Parallel are consecutive reads of managed identities, roles and features, and consecutive grants.
    """
    wanted, got = _in_order(recorded), _in_order(asked)
    if wanted == got:
        return
    unexpected = [each for each in got if got.count(each) > wanted.count(each)]
    missing = [each for each in wanted if wanted.count(each) > got.count(each)]
    lines = [
        f"{name}: {' '.join(each)}"
        for name, many in (("unexpected", unexpected), ("missing", missing))
        for each in many
    ]
    raise NotAsRecordedError("\n".join(lines or ["the requests came in another order"]))


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Send requests one at a time. vcrpy removes its patches while it connects, so other threads would bypass it."""
    lock, send = RLock(), Session.send

    def send_alone(*arguments: Any, **options: Any) -> Any:
        with lock:
            return send(*arguments, **options)

    with patch.object(Session, "send", send_alone):
        yield


def _match(one: Any, other: Any) -> None:
    assert compared(one) == compared(other)


def _record_requests(cassette: Any) -> list[Any]:
    """Return the list of requests to the cassette, in order, including those that it does not contain."""
    asked: list[Any] = []
    answer, can_answer = cassette.play_response, cassette.can_play_response_for

    def recorded_answer(request: Any) -> Any:
        asked.append(cassette.filter_request(request))
        return answer(request)

    def recorded_question(request: Any) -> Any:
        known = can_answer(request)
        if not known and (kept := cassette.filter_request(request)):
            asked.append(kept)
        return known

    cassette.play_response, cassette.can_play_response_for = recorded_answer, recorded_question
    return asked


def _in_order(requests: list[Any]) -> list[Compared]:
    runs = groupby(map(compared, requests), key=_kind)
    return [each for kind, run in runs for each in (sorted(run) if kind else run)]


def _kind(request: Compared) -> str | None:
    """Return the kind in `_PARALLEL`, or None for a request in a fixed position."""
    method, path, *_ = request
    return next((kind for kind, (its, paths) in _PARALLEL.items() if method == its and paths.search(path)), None)


def _scrub_request(request: Any, scrub: Scrubber) -> Any:
    if _LOGIN.search(request.uri):
        return None
    request.uri = scrub(request.uri)
    request.headers = {name: scrub(str(request.headers[name])) for name in _REQUEST_HEADERS if name in request.headers}
    if request.body:
        request.body = scrub(_body(request.body))
        for kind, name_of in ((_CREDENTIAL, _credential_name), (_BINDING, _binding_name)):
            if kind in request.uri:
                name = urlsplit(request.uri).path.rpartition("/")[2]
                scrub.rename(name, name_of(json.loads(request.body)["properties"]))
                request.uri = scrub(request.uri)
    return request


def _binding_name(properties: dict[str, dict[str, str]]) -> str:
    """Return the extension's name for the identity binding, which contains a hash of an ID."""
    from azext_podidentity.profile.identity_bindings import binding_name

    return binding_name(properties["managedIdentity"]["resourceId"])


def _credential_name(properties: dict[str, str]) -> str:
    """Return the extension's name for the credential, which contains a hash of the issuer with its IDs."""
    from azext_podidentity.profile.workload_credentials import credential_for

    *_, namespace, account = properties["subject"].split(":")
    return credential_for(properties["issuer"], namespace, account).name


def _scrub_answer(answer: Any, scrub: Scrubber) -> Any:
    headers = {name.lower(): values for name, values in answer["headers"].items()}
    answer["headers"] = {name: [scrub(each) for each in headers[name]] for name in _ANSWER_HEADERS if name in headers}
    body = scrub(answer["body"]["string"].decode())
    with suppress(ValueError):  # no JSON
        body = json.dumps(_named_by_id(json.loads(body)))
    answer["body"]["string"] = body.encode()
    return answer


def _named_by_id(value: Any) -> Any:
    """Return the JSON value with the last segment of the ID as the name of each role assignment."""
    if isinstance(value, list):
        return [_named_by_id(each) for each in value]
    if isinstance(value, dict):
        if "/roleAssignments/" in str(value.get("id")):
            value = {**value, "name": value["id"].rpartition("/")[2]}
        return {name: _named_by_id(each) for name, each in value.items()}
    return value


def _body(body: Any) -> str:
    """Return a JSON body with sorted keys."""
    text = body.decode() if isinstance(body, bytes) else str(body or "")
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except ValueError:
        return text
