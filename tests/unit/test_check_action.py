# SPDX-License-Identifier: MIT

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from azext_podidentity.actions import check
from azext_podidentity.arm import registrations
from azext_podidentity.checks.snapshot import Snapshot
from azext_podidentity.profile.entries import ManagedIdentity, NotFound, Unreadable
from tests.support.builders import cluster_json, http_error, identity_entry, identity_id, refusal
from tests.support.fake_azure import CLI, Azure, Clusters, writer
from tests.support.snapshots import GROUP_SCOPE, OTHER, role

WIRE = cluster_json([identity_entry(), identity_entry(OTHER, identity_id("gone"))])


class Subscription:
    """The registrations of a subscription."""

    def __init__(self) -> None:
        self.refuse: Exception | None = None

    def get(self, namespace: str, feature: str = "") -> Any:
        if self.refuse:
            raise self.refuse
        assert (namespace, feature or "EnablePodIdentityPreview") == (
            "Microsoft.ContainerService",
            "EnablePodIdentityPreview",
        )
        return SimpleNamespace(registration_state="Registered", properties=SimpleNamespace(state="Registering"))


@pytest.fixture
def subscription(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> Subscription:
    """Return a subscription with readable registrations."""
    subscription = Subscription()
    monkeypatch.setattr(registrations, "features_client", lambda _: subscription)
    monkeypatch.setattr(registrations, "providers_client", lambda _: subscription)
    return subscription


def read(wire: Any = WIRE) -> Snapshot:
    return check.read_snapshot(CLI, writer(Clusters(wire)))


@pytest.mark.usefixtures("subscription")
def test_snapshot_has_all_parts(azure: Azure) -> None:
    azure.assign(GROUP_SCOPE)
    there, gone = identity_id().lower(), identity_id("gone").lower()
    found = read()
    assert (found.feature, found.provider) == ("Registering", "Registered")
    assert found.identities == {
        there: ManagedIdentity(identity_id(), "client of app-identity", "object of app-identity"),
        gone: NotFound(),
    }
    assert found.roles == {there: (role(GROUP_SCOPE),), gone: (role(GROUP_SCOPE),)}


@pytest.mark.parametrize(
    "error",
    [refusal("AuthorizationFailed", "You\nmay not.", 403), http_error(502, "<html>"), refusal("NotFound", "No.", 404)],
    ids=["forbidden", "page", "absent"],
)
def test_unreadable_parts_have_single_line_reason(azure: Azure, subscription: Subscription, error: Exception) -> None:
    azure.refuse_list = subscription.refuse = error
    found = read()
    unknown = [found.feature, found.provider, *found.roles.values()]
    assert all(isinstance(each, Unreadable) and each.reason and "\n" not in each.reason for each in unknown)
    assert len(found.identities) == len(found.roles) == 2


@pytest.mark.usefixtures("subscription")
def test_roles_are_not_read_without_principal(azure: Azure) -> None:
    assert read({**WIRE, "identity": None}).roles == {}
    assert azure.count("list") == 0
