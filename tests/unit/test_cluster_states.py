# SPDX-License-Identifier: MIT
"""The action of a command in each state of a cluster."""

from __future__ import annotations

import pytest

from azext_podidentity.profile.cluster_states import PROVISIONING, STOPPED, Action, decide, is_final
from tests.support.builders import Json, cluster_of

CONTINUE = {"Succeeded", "Failed", "Canceled"}
REFUSE = {"Deleting"}


@pytest.mark.parametrize("state", [*PROVISIONING, "Reticulating"])
def test_action_for_each_provisioning_state(state: str) -> None:
    found = decide(cluster_of(provisioningState=state)).action
    expected = Action.CONTINUE if state in CONTINUE else Action.REFUSE if state in REFUSE else Action.WAIT
    assert found is expected
    assert is_final(state) == (state in CONTINUE)


@pytest.mark.parametrize("state", [None, "", "succeeded", "FAILED"])
def test_missing_or_miscased_final_state_allows_changes(state: str | None) -> None:
    assert decide(cluster_of(provisioningState=state)).action is Action.CONTINUE


def test_running_operation_in_lower_case() -> None:
    assert decide(cluster_of(provisioningState="deleting")).action is Action.REFUSE
    assert decide(cluster_of(provisioningState="reticulating")).action is Action.WAIT


def test_reasons_are_single_sentences() -> None:
    for state in [*PROVISIONING.values(), STOPPED]:
        assert state.reason.endswith(".")
        assert state.reason.count(". ") == 0


@pytest.mark.parametrize("power", ["Running", None])
def test_running_cluster_allows_changes(power: str | None) -> None:
    assert decide(cluster_of(powerState={"code": power})).action is Action.CONTINUE


def test_stopped_cluster_is_refused_unless_starting() -> None:
    stopped: Json = {"powerState": {"code": "Stopped"}}
    assert decide(cluster_of(**stopped)) is STOPPED
    assert decide(cluster_of(**stopped, provisioningState="Starting")).action is Action.WAIT
