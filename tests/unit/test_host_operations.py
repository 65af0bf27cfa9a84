# SPDX-License-Identifier: MIT

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from azure.cli.core.azclierror import BadRequestError
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.mgmt.containerservice.models import ManagedCluster

from azext_podidentity.arm.backoff import BackoffPolling
from azext_podidentity.host.operations import ManagedClusterOperations
from tests.support.builders import REFERENCE, cluster_json, refusal
from tests.support.fake_azure import CLI
from tests.support.message_cases import ROWS, sdk_error

MODEL = ManagedCluster(cluster_json())


class Operations:
    """A stand-in for the SDK's operations."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.options: dict[str, Any] = {}
        self.begin_delete = SimpleNamespace()

    def begin_create_or_update(self, group: str, name: str, model: ManagedCluster, **options: Any) -> str:
        assert (group, name, model) == ("rg", "cluster", MODEL)
        self.options = options
        if self.error:
            raise self.error
        return "poller"


def write(operations: Operations, read_etag: str | None = None, **options: Any) -> Any:
    """Write the cluster as the host's commands do."""
    ours = ManagedClusterOperations(CLI, operations, REFERENCE)
    ours.etag = read_etag
    assert ours.begin_delete is operations.begin_delete
    return ours.begin_create_or_update(
        resource_group_name=REFERENCE.resource_group, resource_name=REFERENCE.name, parameters=MODEL, **options
    )


def test_host_write_uses_backoff_polling() -> None:
    operations = Operations()
    assert write(operations, headers={"a": "b"}) == "poller"
    assert isinstance(operations.options.pop("polling"), BackoffPolling)
    assert operations.options == {"headers": {"a": "b"}}


def test_no_wait_write_is_not_polled() -> None:
    operations = Operations()
    write(operations, polling=False)
    assert operations.options == {"polling": False}


def test_etag_is_sent_unless_condition_exists() -> None:
    operations = Operations()
    write(operations, "ours", polling=False)
    assert operations.options == {"polling": False, "etag": "ours", "match_condition": MatchConditions.IfNotModified}
    theirs = {"polling": False, "etag": "theirs", "match_condition": MatchConditions.IfModified}
    write(operations, "ours", **theirs)
    assert operations.options == theirs


def test_pod_identity_error_is_explained() -> None:
    with pytest.raises(BadRequestError) as caught:
        write(Operations(sdk_error(next(iter(ROWS.values())))))
    assert any("az feature register" in each for each in caught.value.recommendations)


def test_other_error_is_unchanged() -> None:
    error = refusal("QuotaExceeded", "Too many cores.")
    with pytest.raises(HttpResponseError) as caught:
        write(Operations(error))
    assert caught.value is error
