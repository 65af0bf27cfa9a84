# SPDX-License-Identifier: MIT

from __future__ import annotations

import pytest
from azure.cli.core.azclierror import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from azext_podidentity.profile.add_on_changes import Disable, Enable, loss_advice, lost_by_disable
from azext_podidentity.profile.changes import AddIdentity
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import EntryKey
from azext_podidentity.profile.entry_types import EXCEPTION, IDENTITY, SERVICE_EXCEPTION
from tests.support.az_parser import AzParser
from tests.support.builders import (
    KEY,
    REFERENCE,
    Json,
    cluster_json,
    cluster_of,
    commands_in,
    exception_entry,
    identity_entry,
    identity_id,
    text_of,
)
from tests.support.json_strategies import profiles

OTHER = EntryKey("my-app", "another")


def kubenet(profile: Json) -> Cluster:
    """Return a kubenet cluster with the profile."""
    return cluster_of(networkProfile={"networkPlugin": "kubenet"}, podIdentityProfile=profile)


@given(profiles(), st.booleans())
def test_enable_keeps_existing_entries(profile: Json, consent: bool) -> None:
    cluster = cluster_of(podIdentityProfile=profile)
    enabled = Enable(consent).apply(cluster)
    assert Enable(consent).is_done(enabled)
    assert (enabled.identities, enabled.exceptions) == (cluster.profile.identities, cluster.profile.exceptions)
    consented = {"allowNetworkPluginKubenet": True} if consent else {}
    assert enabled.to_json() == {**cluster.profile.to_json(), **consented}


@pytest.mark.parametrize("profile", [None, {}, {"enabled": False}])
def test_enable_sends_minimal_profile(profile: Json | None) -> None:
    cluster = Cluster.from_json(REFERENCE, cluster_json(podIdentityProfile=profile))
    assert Enable().apply(cluster).to_json() == Enable().new_profile().to_json() == {"enabled": True}
    consent = {"enabled": True, "allowNetworkPluginKubenet": True}
    assert Enable(consent=True).apply(cluster).to_json() == Enable(consent=True).new_profile().to_json() == consent


def test_enable_twice_changes_nothing() -> None:
    cluster = cluster_of([identity_entry()])
    assert Enable().apply(cluster) == cluster.profile


def test_kubenet_consent_is_kept() -> None:
    allowed = kubenet({"enabled": False, "allowNetworkPluginKubenet": True})
    assert Enable().apply(allowed).allow_network_plugin_kubenet is True
    confirm = Enable(consent=True).apply(kubenet({}))
    added = AddIdentity.of(KEY, identity_id()).apply(kubenet(confirm.to_json()))
    assert added.to_json()["allowNetworkPluginKubenet"] is True


def test_enable_is_incomplete_without_stored_consent() -> None:
    assert Enable().is_done(kubenet({"enabled": True}).profile)
    assert not Enable(consent=True).is_done(kubenet({"enabled": True}).profile)
    assert not Enable().is_done(kubenet({}).profile)


def test_disable_without_entries_requires_no_consent() -> None:
    cluster = cluster_of()
    assert frozenset(lost_by_disable(cluster.profile)) == frozenset()
    disabled = Disable().apply(cluster)
    assert Disable().is_done(disabled)
    assert disabled.to_json() == {"enabled": False}


@given(profiles())
def test_disable_with_entries_requires_consent(profile: Json) -> None:
    cluster = cluster_of(podIdentityProfile=profile)
    keys = [entry.key for kind in (IDENTITY, EXCEPTION) for entry in kind.entries(cluster.profile)]
    assert bool(frozenset(lost_by_disable(cluster.profile))) == bool(keys)
    for change in (Disable(accepted=None), Disable(accepted=frozenset(lost_by_disable(cluster.profile)))):
        assert change.apply(cluster).to_json() == {"enabled": False}
    if keys:
        with pytest.raises(ValidationError) as caught:
            Disable().apply(cluster)
        assert all(str(key) in caught.value.error_msg for key in keys)


@pytest.mark.parametrize(
    "cluster",
    [cluster_of([identity_entry(), identity_entry(OTHER)]), cluster_of([identity_entry()], [exception_entry(OTHER)])],
    ids=["identity", "exception"],
)
def test_disable_refuses_entry_added_after_consent(cluster: Cluster) -> None:
    accepted = frozenset(lost_by_disable(cluster_of([identity_entry()]).profile))
    with pytest.raises(ValidationError):
        Disable(accepted).apply(cluster)


def test_consent_for_identity_does_not_cover_exception() -> None:
    accepted = frozenset(lost_by_disable(cluster_of([identity_entry()]).profile))
    with pytest.raises(ValidationError):
        Disable(accepted).apply(cluster_of([identity_entry()], [exception_entry()]))


def test_loss_advice_suggests_export_and_deletion(az: AzParser) -> None:
    cluster = cluster_of([identity_entry(), identity_entry(OTHER)], [exception_entry()])
    error = loss_advice(cluster).error(ValidationError)
    assert error.error_msg.count(str(KEY)) == 2
    assert str(OTHER) in error.error_msg
    assert "--yes" in text_of(error)
    copy, *removals = commands_in(error)
    assert az.parse(copy).resource_group_name == REFERENCE.resource_group
    assert "export" in copy
    assert [az.removed(command) for command in removals] == [[KEY, OTHER], [KEY]]
    assert ["exception" in command for command in removals] == [False, True]


def test_disable_ignores_service_exception() -> None:
    """The service adds and removes it with the add-on, and a command to remove it is refused."""
    cluster = cluster_of((), [exception_entry(SERVICE_EXCEPTION, {"kubernetes.azure.com/managedby": "aks"})])
    assert Disable().apply(cluster).to_json() == {"enabled": False}
