# SPDX-License-Identifier: MIT
"""Check the registrations that the subscription needs."""

from __future__ import annotations

from collections.abc import Iterator

from azext_podidentity.checks.finding import Finding, Severity
from azext_podidentity.checks.snapshot import REGISTERED, REGISTERING, Snapshot
from azext_podidentity.profile.commands import (
    FEATURE,
    PROVIDER,
    feature_command,
    provider_command,
    register_commands,
)
from azext_podidentity.profile.entries import Unreadable


def check_feature(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding unless the preview feature is registered, which the service requires for every change."""
    reference, state = snapshot.cluster.reference, snapshot.feature
    name = f"preview feature {PROVIDER}/{FEATURE}"
    if isinstance(state, Unreadable):
        message = f"The registration state of the {name} could not be read: {state.reason}"
        yield Finding("warning", reference.name, message, (feature_command(reference, "show"),))
    elif state == REGISTERING:
        message = f"The {name} is being registered. Register the resource provider again when that is done."
        yield Finding("warning", reference.name, message, (provider_command(reference, "register", "--wait"),))
    elif state != REGISTERED:
        message = (
            f"The {name} is not registered (state: {state}), so the service refuses every change. After the first "
            f"command, wait until its state is {REGISTERED}, which takes a few minutes."
        )
        yield Finding("error", reference.name, message, register_commands(reference))


def check_provider(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding unless the resource provider of managed clusters is registered."""
    reference, state = snapshot.cluster.reference, snapshot.provider
    if isinstance(state, Unreadable):
        message = f"The registration state of the resource provider {PROVIDER} could not be read: {state.reason}"
        yield Finding("warning", reference.name, message, (provider_command(reference, "show"),))
    elif state != REGISTERED:
        message = f"The resource provider {PROVIDER} is not registered in the subscription (state: {state})."
        severity: Severity = "warning" if state == REGISTERING else "error"
        yield Finding(severity, reference.name, message, (provider_command(reference, "register", "--wait"),))
