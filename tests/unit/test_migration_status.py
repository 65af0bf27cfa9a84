# SPDX-License-Identifier: MIT
"""The migration status of workloads."""

from __future__ import annotations

from typing import Any

import pytest

from azext_podidentity.migration.status import statuses, used_identities
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, NotFound, Unreadable
from azext_podidentity.profile.workload_credentials import (
    FederatedCredential,
    IdentityCredentials,
    IdentityLookup,
    credential_for,
)
from tests.support.builders import Json, cluster_of, identity_entry, identity_id
from tests.support.kubernetes_objects import NAMESPACE, account, inventory, made_by, migrated, workload

ISSUER = "https://issuer.example/"
ENABLED: Json = {
    "oidcIssuerProfile": {"enabled": True, "issuerURL": ISSUER},
    "securityProfile": {"workloadIdentity": {"enabled": True}},
}
CLIENT = f"client of {identity_id()}"
READY = credential_for(ISSUER, NAMESPACE, "web")


def reading(*credentials: FederatedCredential, client_id: str = CLIENT) -> IdentityLookup:
    return IdentityCredentials(ManagedIdentity(identity_id(), client_id, "object"), credentials)


def status(*objects: Json, found: IdentityLookup | None = None, **properties: Any) -> list[tuple[str, str]]:
    cluster = cluster_of([identity_entry()], **(properties or ENABLED))
    lookups = {identity_id(): found or reading(READY)}
    return [(each.state, each.reason) for each in statuses(cluster, inventory(*objects), lookups)]


def test_complete_workload_is_ready() -> None:
    assert status(migrated(), account("web", CLIENT), workload("other", None)) == [("Ready", "")]


@pytest.mark.parametrize(
    ("objects", "options", "expected"),
    [
        ([account("web")], {}, "not annotated"),
        ([account("web", CLIENT)], {"oidcIssuerProfile": None}, "not enabled"),
        ([account("web", CLIENT)], {"found": reading()}, "no credential for"),
        ([account("web", CLIENT)], {"found": NotFound()}, "no credential for"),
        ([account("web", CLIENT)], {"found": Unreadable("no right")}, "no right"),
        ([account("web", CLIENT)], {"found": reading(READY, client_id="new")}, "was recreated"),
    ],
)
def test_not_ready_has_reason(objects: list[Json], options: dict[str, Any], expected: str) -> None:
    ((state, reason),) = status(migrated(), *objects, **options)
    assert state == "NotReady"
    assert expected in reason


def test_labelled_workload_and_stale_pod() -> None:
    old = workload("web-1-x", kind="Pod", **made_by("Deployment", "web"))
    found = status(migrated(), old, workload("left"), account("web", CLIENT))
    assert [state for state, _ in found] == ["Labelled", "Ready", "StalePod"]


def test_used_identities_of_migrated_workloads() -> None:
    elsewhere = identity_entry(EntryKey("other", "other"), identity_id("other"))
    profile = cluster_of([identity_entry(), elsewhere]).profile
    assert used_identities(profile, inventory(workload())) == []
    assert used_identities(profile, inventory(migrated(), account("web", "new client"))) == [identity_id()]
    borrowed = account("web", f"client of {identity_id('other')}")
    assert used_identities(profile, inventory(migrated(), borrowed)) == [identity_id(), identity_id("other")]
