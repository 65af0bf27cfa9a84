"""Whether the subscription has registered what the add-on needs."""

from __future__ import annotations

from collections.abc import Iterator

from azext_podidentity.checks.finding import Finding, Severity
from azext_podidentity.checks.snapshot import REGISTERED, Snapshot
from azext_podidentity.profile.commands import (
    FEATURE,
    PROVIDER,
    feature_command,
    provider_command,
    register_commands,
)
from azext_podidentity.profile.identity_problems import Unreadable

_RUNNING = "Registering"


def feature(snapshot: Snapshot) -> Iterator[Finding]:
    """The preview feature of the add-on; without it the service refuses every change of the profile."""
    reference, state = snapshot.cluster.reference, snapshot.feature
    name = f"preview feature {PROVIDER}/{FEATURE}"
    if isinstance(state, Unreadable):
        message = f"Whether the {name} is registered could not be checked: {state.reason}"
        yield Finding("warning", reference.name, message, feature_command(reference, "show"))
    elif state == _RUNNING:
        message = f"The {name} is being registered; once it is, the provider must be registered anew."
        yield Finding("warning", reference.name, message, provider_command(reference, "register", "--wait"))
    elif state != REGISTERED:
        message = f"The {name} is not registered (its state is {state}), so the service refuses every change."
        yield Finding("error", reference.name, message, register_commands(reference))


def provider(snapshot: Snapshot) -> Iterator[Finding]:
    """The resource provider of managed clusters."""
    reference, state = snapshot.cluster.reference, snapshot.provider
    if isinstance(state, Unreadable):
        message = f"Whether the resource provider {PROVIDER} is registered could not be checked: {state.reason}"
        yield Finding("warning", reference.name, message, provider_command(reference, "show"))
    elif state != REGISTERED:
        message = f"The resource provider {PROVIDER} is not registered in the subscription (its state is {state})."
        severity: Severity = "warning" if state == _RUNNING else "error"
        yield Finding(severity, reference.name, message, provider_command(reference, "register", "--wait"))
