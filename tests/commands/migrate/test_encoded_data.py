# SPDX-License-Identifier: MIT
"""Test that `migrate` finds users of pod identity in the encoded data of ConfigMaps and Secrets."""

from __future__ import annotations

import base64
import textwrap
from pathlib import Path

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import NAMESPACE, AzureCli
from tests.support.cluster_state import profile_of, seed_entries
from tests.support.workload_manifests import ENABLED, MIGRATE, Wire, live, service_account, write

TEMPLATE = "password: hunter2\nmetadata: {labels: {aadpodidbinding: app}}\n"
CONTENTS = {
    "text": TEMPLATE.encode(),
    "UTF-16": TEMPLATE.encode("utf-16"),
    "bytes": b"\xff\xfe\x00\x80\xc3" + TEMPLATE.encode() + b"\xc3",
    "1 MB": b"\x80" * 1_000_000 + TEMPLATE.encode(),
}


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def stored(kind: str, field: str, value: str) -> Wire:
    """Return a ConfigMap or Secret with one value."""
    metadata = {"namespace": NAMESPACE, "name": "agents"}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, field: {"pod.yaml": value}}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
@pytest.mark.parametrize(("kind", "field"), [("ConfigMap", "binaryData"), ("Secret", "data")])
def test_label_in_base64_blocks_finish(
    az: AzureCli, simulator: Simulator, tmp_path: Path, content: bytes, kind: str, field: str
) -> None:
    seed_entries(simulator, "app", **ENABLED)
    one_line = encoded(content)
    value = textwrap.fill(one_line, 76) + "\n" if len(one_line) < 1000 else one_line
    raw = live(stored(kind, field, value), service_account("web"))
    file = write(tmp_path / "all.yaml", raw)

    plan = az(f"{MIGRATE} --workloads {file}").ok()
    status = az(f"{MIGRATE} --workloads {file} --status").ok()
    message = az(f"{MIGRATE} --workloads {file} --finish --yes").failed()

    (decision,) = [each for each in plan.json["decisions"] if each["code"] == "LabelNotUnderstood"]
    assert decision["subject"] == f"{kind} {NAMESPACE}/agents"
    assert f"{field}.pod.yaml" in decision["reason"]
    assert [each["state"] for each in status.json] == ["NotReady"]
    assert f"{kind} {NAMESPACE}/agents (NotReady)" in message
    assert not any("hunter2" in each for each in (plan.stdout, plan.stderr, status.stdout, status.stderr, message))
    assert profile_of(simulator)["enabled"]


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("Secret", "stringData", TEMPLATE),
        ("ConfigMap", "binaryData", TEMPLATE),
        ("Secret", "data", f"placeholder {TEMPLATE}"),
    ],
    ids=["stringData", "not encoded", "template"],
)
def test_label_in_plain_data_is_found(
    az: AzureCli, simulator: Simulator, tmp_path: Path, kind: str, field: str, value: str
) -> None:
    seed_entries(simulator, "app", **ENABLED)
    file = write(tmp_path / "all.yaml", stored(kind, field, value))

    plan = az(f"{MIGRATE} --workloads {file}").ok()

    assert "LabelNotUnderstood" in {each["code"] for each in plan.json["decisions"]}
    assert "hunter2" not in plan.stdout + plan.stderr


@pytest.mark.parametrize(("kind", "field"), [("ConfigMap", "binaryData"), ("Secret", "data"), ("Secret", "stringData")])
def test_sign_in_setting_in_data_is_reported(
    az: AzureCli, simulator: Simulator, tmp_path: Path, kind: str, field: str
) -> None:
    seed_entries(simulator, "app", **ENABLED)
    setting = '{"useManagedIdentityExtension": true, "key": "hunter2"}'
    file = write(
        tmp_path / "all.yaml", stored(kind, field, setting if field == "stringData" else encoded(setting.encode()))
    )

    plan = az(f"{MIGRATE} --workloads {file}").ok()

    (decision,) = [each for each in plan.json["decisions"] if each["code"] == "SignsInWithImds"]
    assert (decision["subject"], "pod.yaml" in decision["reason"]) == (f"{kind} {NAMESPACE}/agents", True)
    assert "hunter2" not in plan.stdout + plan.stderr
