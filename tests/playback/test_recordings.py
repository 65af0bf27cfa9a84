# SPDX-License-Identifier: MIT
"""Required and forbidden content of recordings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from azure_simulator.context import CALLER_OBJECT_ID, CLIENT_ID, SUBSCRIPTION_ID, TENANT_ID
from tests.playback.cassette import RECORDINGS
from tests.playback.scrub import GUID, PUBLIC, SSH_PLACEHOLDER, ZERO, Scrubber

FORBIDDEN = {
    "token": r"\beyJ[\w-]{10,}|[Bb]earer |access_token|refresh_token",
    "authorization header": r"(?i)^\s*authorization:",
    "ssh key": r"ssh-(?:rsa|ed25519|dss) (?!placeholder)\S|AAAAB3|AAAAC3",
    "private key or certificate": r"-----BEGIN",
    "secret": r"(?i)client_?secret|\"secret\"|password",
    "host of the recording": r"localhost|127\.0\.0\.1",
    "home folder": r"/(home|root|tmp|Users)/",
}
every_recording = pytest.mark.parametrize("path", sorted(RECORDINGS.glob("*.yaml")), ids=lambda path: path.stem)


@every_recording
def test_recording_has_header(path: Path) -> None:
    header = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)["metadata"]

    assert "simulator" in header["recorded_against"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", header["recorded_on"])
    assert re.fullmatch(r"\d+\.\d+\.\d+", header["azure_cli"])


@every_recording
@pytest.mark.parametrize("kind", FORBIDDEN)
def test_recording_has_no_secret(path: Path, kind: str) -> None:
    assert not re.search(FORBIDDEN[kind], path.read_text("utf-8"), re.MULTILINE)


@every_recording
def test_recording_has_no_real_id(path: Path) -> None:
    ids = {each.lower() for each in GUID.findall(path.read_text("utf-8"))}

    assert {each for each in ids if not each.startswith("00000000-0000-0000-0000-")} <= PUBLIC


def test_scrubber_replaces_secrets_and_ids() -> None:
    url = "https://localhost:4711"
    key = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 me@machine"
    ids = f"/subscriptions/{SUBSCRIPTION_ID} {TENANT_ID} {CLIENT_ID} {CALLER_OBJECT_ID}"
    text = f'{url}{ids} "{key}" "a-{SUBSCRIPTION_ID[:6]}"'

    scrub = Scrubber(url, SUBSCRIPTION_ID)
    scrubbed = scrub(text)

    assert not any(re.search(pattern, scrubbed) for pattern in FORBIDDEN.values())
    assert f"/subscriptions/{ZERO} " in scrubbed
    assert f'"a-{ZERO[:6]}"' in scrubbed
    assert f'"{SSH_PLACEHOLDER}"' in scrubbed
    assert len(set(GUID.findall(scrubbed))) == 4
    assert scrub(scrubbed) == scrubbed
    assert scrub(text) == scrubbed
