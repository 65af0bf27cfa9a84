# SPDX-License-Identifier: MIT

from __future__ import annotations

import gzip
import json
from base64 import encodebytes
from types import SimpleNamespace
from typing import Any

import pytest
from azure.cli.core.azclierror import AzCLIError, ValidationError

from azext_podidentity.arm import run_command
from azext_podidentity.migration.kubernetes_objects import read_objects
from azext_podidentity.migration.resources_to_read import KUBECTL_GET
from tests.support.builders import REFERENCE, http_error, text_of
from tests.support.fake_azure import CLI
from tests.support.kubernetes_objects import workload

PRINTED = json.dumps(workload(), indent=1)
PACKED = encodebytes(gzip.compress(PRINTED.encode(), mtime=0)).decode()
TOO_LONG = " " * run_command._MAX_LOGS
NO_DIRECTORY = SimpleNamespace(properties=SimpleNamespace(aad_profile=None))


class Cluster:
    """A cluster that runs each command with the next of the outcomes."""

    def __init__(self, *outcomes: Any) -> None:
        self._outcomes = list(outcomes)
        self.requests: list[Any] = []

    def begin_run_command(self, group: str, name: str, request: Any, **_: Any) -> Any:
        assert (group, name) == (REFERENCE.resource_group, REFERENCE.name)
        self.requests.append(request)
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return lambda: outcome


def result(logs: str, exit_code: int = 0, state: str = "Succeeded", reason: str | None = None) -> Any:
    """Return the result of a command."""
    return SimpleNamespace(logs=logs, exit_code=exit_code, provisioning_state=state, reason=reason)


def read(*outcomes: Any, model: Any = NO_DIRECTORY) -> tuple[list[dict[str, Any]], Cluster]:
    """Return the objects that were read, and the cluster."""
    cluster = Cluster(*outcomes)
    text = run_command.run_kubectl(CLI, cluster, REFERENCE, model, KUBECTL_GET)
    return [dict(each.raw) for each in read_objects(text, "run-command")], cluster


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace `follow`, which polls in a thread."""
    monkeypatch.setattr("azext_podidentity.arm.run_command.follow", lambda _, poller, *__: poller())


def test_objects_are_parsed_without_warnings() -> None:
    objects, cluster = read(result(f"Warning: some words\n{PRINTED}\n"))

    assert objects == [workload()]
    assert [each.command for each in cluster.requests] == [KUBECTL_GET]
    assert cluster.requests[0].cluster_token is None


def test_long_output_is_requested_compressed() -> None:
    objects, cluster = read(result(TOO_LONG), result(f"a line of words\n{PACKED}"))

    assert objects == [workload()]
    assert cluster.requests[1].command.startswith(f"{KUBECTL_GET} | ")


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        (TOO_LONG, "compressed"),
        ("gzip: command not found", "gzip: command not found"),
        ("", "no output"),
        (PACKED[:80], "compression inside the cluster failed"),
    ],
)
def test_failed_compression_is_reported(packed: str, why: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read(result(TOO_LONG), result(packed))

    assert why in caught.value.error_msg
    assert "--workloads" in text_of(caught.value)


@pytest.mark.parametrize(
    ("outcome", "why"),
    [
        (result(f"error: no rights\n{PRINTED}", 1), "exit code 1: error: no rights"),
        (result("", state="Failed", reason="No node is ready."), "No node is ready."),
        (http_error(403, {"code": "AuthorizationFailed", "message": "You may not."}), "(AuthorizationFailed) You may"),
    ],
)
def test_failed_command_is_reported(outcome: Any, why: str) -> None:
    with pytest.raises(AzCLIError) as caught:
        read(outcome)

    assert why in caught.value.error_msg
    assert "apiVersion" not in text_of(caught.value)
    assert "--workloads" in text_of(caught.value)


@pytest.mark.parametrize("managed", [True, False])
def test_token_is_sent_to_entra_clusters(monkeypatch: pytest.MonkeyPatch, managed: bool) -> None:
    token = ((None, None, {"accessToken": "of the caller"}),)
    profile = SimpleNamespace(get_raw_token=lambda resource: token)
    monkeypatch.setattr("azure.cli.core._profile.Profile", lambda cli_ctx: profile)
    model = SimpleNamespace(properties=SimpleNamespace(aad_profile=SimpleNamespace(managed=managed)))

    _, cluster = read(result(PRINTED), model=model)

    assert cluster.requests[0].cluster_token == ("of the caller" if managed else None)
