# SPDX-License-Identifier: MIT

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from azext_podidentity import _client_factory, _completers
from azext_podidentity.arm import clients
from azext_podidentity.profile.entries import EntryKey
from tests.support.builders import KEY, SUBSCRIPTION, cluster_json, exception_entry, identity_entry, identity_id
from tests.support.fake_azure import Azure, Clusters

WIRE = cluster_json(
    [identity_entry(), identity_entry(EntryKey("another", "second"))],
    [exception_entry(EntryKey("monitoring", "agents"), {"app": "x"})],
)


def offered(complete: Any, command: str = "aks pod-identity show", prefix: str = "") -> list[str]:
    """Return the completions after the cluster is named, as az calls a completer."""
    cli = SimpleNamespace(data={"subscription_id": SUBSCRIPTION})
    cmd = SimpleNamespace(name=command, cli_ctx=cli)
    namespace = SimpleNamespace(_cmd=cmd, cluster=None, resource_group_name="rg", cluster_name="cluster")
    completed: list[str] = complete(prefix=prefix, parsed_args=namespace)
    return completed


@pytest.mark.parametrize(
    ("command", "names", "namespaces"),
    [
        ("aks pod-identity show", [KEY.name, "second"], ["another", KEY.namespace]),
        ("aks pod-identity exception show", ["agents"], ["monitoring"]),
    ],
)
def test_entry_names_and_namespaces_are_completed(
    monkeypatch: pytest.MonkeyPatch, command: str, names: list[str], namespaces: list[str]
) -> None:
    monkeypatch.setattr(_client_factory, "cf_managed_clusters", lambda *_: Clusters(WIRE))

    assert offered(_completers.complete_name, command) == names
    assert offered(_completers.complete_namespace, command) == namespaces


def test_managed_identities_are_completed_by_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    azure = Azure(["one", "two"])
    monkeypatch.setattr(clients, "managed_identity_client", lambda *_: azure)

    assert offered(_completers.complete_managed_identity) == [identity_id("one"), identity_id("two")]
    assert offered(_completers.complete_managed_identity, prefix=identity_id("TW")) == [identity_id("two")]
