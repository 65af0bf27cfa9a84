# SPDX-License-Identifier: MIT
"""Federated identity credentials of service accounts: build and compare them, and recognize this command's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from azext_podidentity.profile.entries import ManagedIdentity, NotFound, Unreadable
from azext_podidentity.profile.identity_bindings import AKS_CREDENTIAL, IdentityBinding
from azext_podidentity.profile.shell import command_line
from azext_podidentity.profile.validation import managed_identity_parts

AUDIENCE = "api://AzureADTokenExchange"
# https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations
MAX_CREDENTIALS = 20
# A name has 3 to 120 characters: letters, digits, '-' and '_'.
_PREFIX = "podidentity"
_READABLE = 80


@dataclass(frozen=True)
class FederatedCredential:
    """A federated identity credential, which trusts the tokens of an issuer for a subject."""

    name: str
    issuer: str
    subject: str
    audiences: tuple[str, ...] = (AUDIENCE,)

    @property
    def created_by_us(self) -> bool:
        """Return whether this command created it, which shows in its name, derived from issuer and subject."""
        return self.name == _credential_name(self.issuer, self.subject)


@dataclass(frozen=True)
class IdentityCredentials:
    """A managed identity in its current state, with its federated identity credentials."""

    identity: ManagedIdentity
    credentials: tuple[FederatedCredential, ...] = ()


IdentityLookup = IdentityCredentials | NotFound | Unreadable


class IdentityLookups:
    """Managed identities in their current state, by resource ID without case.

    One that was not looked up has the IDs of the profile and no credentials. `bindings`: the identity bindings of the
    cluster.
    """

    def __init__(self, lookups: Mapping[str, IdentityLookup], bindings: Iterable[IdentityBinding] = ()) -> None:
        self._lookups = {resource_id.lower(): reading for resource_id, reading in lookups.items()}
        self._bindings = {each.resource_id.lower(): each for each in bindings}

    def now(self, identity: ManagedIdentity) -> ManagedIdentity:
        """Return the managed identity with its current IDs, which change when it is recreated."""
        reading = self._lookups.get(identity.resource_id.lower())
        return (
            replace(reading.identity, resource_id=identity.resource_id)
            if isinstance(reading, IdentityCredentials)
            else identity
        )

    def is_missing(self, identity: ManagedIdentity) -> bool:
        """Return whether the managed identity no longer exists."""
        return isinstance(self._lookups.get(identity.resource_id.lower()), NotFound)

    def unreadable(self, identity: ManagedIdentity) -> str | None:
        """Return why the managed identity could not be read, None if it was read."""
        reading = self._lookups.get(identity.resource_id.lower())
        return reading.reason if isinstance(reading, Unreadable) else None

    def credentials(self, identity: ManagedIdentity) -> tuple[FederatedCredential, ...]:
        """Return the federated identity credentials of the managed identity."""
        reading = self._lookups.get(identity.resource_id.lower())
        return reading.credentials if isinstance(reading, IdentityCredentials) else ()

    def binding(self, identity: ManagedIdentity) -> IdentityBinding | None:
        """Return the cluster's identity binding for the managed identity, None if there is none."""
        return self._bindings.get(identity.resource_id.lower())

    def allows_binding(self, identity: ManagedIdentity) -> bool:
        """Return whether AKS can create, or has created, its own credential on the managed identity."""
        names = [each.name for each in self.credentials(identity)]
        return AKS_CREDENTIAL in names or len(names) < MAX_CREDENTIALS


def subject_of(namespace: str, service_account: str) -> str:
    """Return the subject of a service account's tokens."""
    return f"system:serviceaccount:{namespace}:{service_account}"


def credential_for(issuer: str, namespace: str, service_account: str) -> FederatedCredential:
    """Return the credential that a service account of the cluster with that issuer needs."""
    subject = subject_of(namespace, service_account)
    return FederatedCredential(_credential_name(issuer, subject), issuer, subject)


def find_equal(wanted: FederatedCredential, existing: Iterable[FederatedCredential]) -> FederatedCredential | None:
    """Return the credential that equals the wanted one except for its name, None if there is none."""
    pair = (wanted.issuer, wanted.subject)
    return next((each for each in existing if (each.issuer, each.subject) == pair and AUDIENCE in each.audiences), None)


def find_conflicting(
    wanted: FederatedCredential, existing: Iterable[FederatedCredential]
) -> FederatedCredential | None:
    """Return a credential with the same name, or the same issuer and subject, that does not equal the wanted one."""
    pair = (wanted.issuer, wanted.subject)
    return next(
        (
            each
            for each in existing
            if (each.name.lower() == wanted.name.lower() or (each.issuer, each.subject) == pair)
            and find_equal(wanted, [each]) is None
        ),
        None,
    )


def create_command(resource_id: str, credential: FederatedCredential) -> str:
    """Return the command that creates the credential on the managed identity."""
    more = ("--issuer", credential.issuer, "--subject", credential.subject, "--audiences", *credential.audiences)
    return command_line(*_words("create", resource_id, credential), *more)


def delete_command(resource_id: str, credential: FederatedCredential) -> str:
    """Return the command that removes the credential from the managed identity."""
    return command_line(*_words("delete", resource_id, credential), "--yes")


def _words(verb: str, resource_id: str, credential: FederatedCredential) -> tuple[str, ...]:
    subscription, group, name = managed_identity_parts(resource_id)
    where = ("--resource-group", group, "--identity-name", name, "--name", credential.name)
    return ("identity", "federated-credential", verb, *where, "--subscription", subscription)


def _credential_name(issuer: str, subject: str) -> str:
    readable = re.sub(r"[^A-Za-z0-9]+", "-", subject.split(":", 2)[-1])[:_READABLE].strip("-")
    return f"{_PREFIX}-{readable}-{sha256(f'{issuer} {subject}'.encode()).hexdigest()[:12]}"
