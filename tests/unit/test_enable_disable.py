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
    cluster_of,
    cluster_wire,
    commands_in,
    exception_entry,
    identity_entry,
    identity_id,
    text_of,
)
from tests.support.json_strategies import profiles

OTHER = EntryKey("my-app", "another")


def kubenet(profile: Json) -> Cluster:
    """A kubenet cluster with that profile."""
    return cluster_of(networkProfile={"networkPlugin": "kubenet"}, podIdentityProfile=profile)


@given(profiles(), st.booleans())
def test_enabling_keeps_everything_that_is_there(profile: Json, consent: bool) -> None:
    cluster = cluster_of(podIdentityProfile=profile)
    enabled = Enable(consent).apply(cluster)
    assert Enable(consent).is_done(enabled)
    assert (enabled.identities, enabled.exceptions) == (cluster.profile.identities, cluster.profile.exceptions)
    consented = {"allowNetworkPluginKubenet": True} if consent else {}
    assert enabled.to_json() == {**cluster.profile.to_json(), **consented}


@pytest.mark.parametrize("profile", [None, {}, {"enabled": False}])
def test_enabling_what_was_off_sends_no_more_than_it_must(profile: Json | None) -> None:
    cluster = Cluster.from_json(REFERENCE, cluster_wire(podIdentityProfile=profile))
    assert Enable().apply(cluster).to_json() == Enable().new_profile().to_json() == {"enabled": True}
    consent = {"enabled": True, "allowNetworkPluginKubenet": True}
    assert Enable(consent=True).apply(cluster).to_json() == Enable(consent=True).new_profile().to_json() == consent


def test_enabling_twice_changes_nothing() -> None:
    cluster = cluster_of([identity_entry()])
    assert Enable().apply(cluster) == cluster.profile


def test_consent_once_given_holds() -> None:
    allowed = kubenet({"enabled": False, "allowNetworkPluginKubenet": True})
    assert Enable().apply(allowed).allow_network_plugin_kubenet is True
    confirm = Enable(consent=True).apply(kubenet({}))
    added = AddIdentity.of(KEY, identity_id()).apply(kubenet(confirm.to_json()))
    assert added.to_json()["allowNetworkPluginKubenet"] is True


def test_enabling_is_not_done_before_the_consent_is_stored() -> None:
    assert Enable().is_done(kubenet({"enabled": True}).profile)
    assert not Enable(consent=True).is_done(kubenet({"enabled": True}).profile)
    assert not Enable().is_done(kubenet({}).profile)


def test_disabling_without_entries_needs_no_word() -> None:
    cluster = cluster_of()
    assert frozenset(lost_by_disable(cluster.profile)) == frozenset()
    disabled = Disable().apply(cluster)
    assert Disable().is_done(disabled)
    assert disabled.to_json() == {"enabled": False}


@given(profiles())
def test_disabling_loses_no_entry_that_nobody_accepted(profile: Json) -> None:
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
def test_an_entry_made_after_the_others_were_accepted_is_not_lost(cluster: Cluster) -> None:
    accepted = frozenset(lost_by_disable(cluster_of([identity_entry()]).profile))
    with pytest.raises(ValidationError):
        Disable(accepted).apply(cluster)


def test_accepting_to_lose_an_identity_is_not_accepting_to_lose_the_exception_of_its_name() -> None:
    accepted = frozenset(lost_by_disable(cluster_of([identity_entry()]).profile))
    with pytest.raises(ValidationError):
        Disable(accepted).apply(cluster_of([identity_entry()], [exception_entry()]))


def test_what_is_lost_is_told_with_commands_that_keep_a_copy_or_remove_it(az: AzParser) -> None:
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


def test_the_exception_of_the_service_is_nothing_that_people_lose() -> None:
    """It comes and goes with the add-on, and the command that would remove it is refused."""
    cluster = cluster_of((), [exception_entry(SERVICE_EXCEPTION, {"kubernetes.azure.com/managedby": "aks"})])
    assert Disable().apply(cluster).to_json() == {"enabled": False}
