"""Federated identity credentials: which one a service account needs, and which of those there are this tool made."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from azext_podidentity.profile.entries import ManagedIdentity, NotFound
from azext_podidentity.profile.identity_problems import Unreadable
from azext_podidentity.profile.shell import command_line
from azext_podidentity.profile.validation import managed_identity_parts

AUDIENCE = "api://AzureADTokenExchange"
# https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations
MAX_CREDENTIALS = 20
# A name has 3 to 120 characters: letters, digits, '-' and '_'.
_PREFIX = "podidentity"
_READABLE = 80


@dataclass(frozen=True)
class Credential:
    """A federated identity credential: whose tokens the managed identity's are given for."""

    name: str
    issuer: str
    subject: str
    audiences: tuple[str, ...] = (AUDIENCE,)

    @property
    def made_by_us(self) -> bool:
        """Whether this tool made it: its name is the one derived from issuer and subject."""
        return self.name == _name(self.issuer, self.subject)


@dataclass(frozen=True)
class Reading:
    """A managed identity as it is now, and its federated identity credentials."""

    identity: ManagedIdentity
    credentials: tuple[Credential, ...] = ()


MaybeReading = Reading | NotFound | Unreadable


class Readings:
    """Managed identities as they are now, by resource id without case.

    One that was not read is taken to be as the profile has it, without credentials.
    """

    def __init__(self, readings: Mapping[str, MaybeReading]) -> None:
        self._readings = {resource_id.lower(): reading for resource_id, reading in readings.items()}

    def now(self, identity: ManagedIdentity) -> ManagedIdentity:
        """The managed identity with the ids it has now: one that was created again has new ones."""
        reading = self._readings.get(identity.resource_id.lower())
        return replace(reading.identity, resource_id=identity.resource_id) if isinstance(reading, Reading) else identity

    def is_missing(self, identity: ManagedIdentity) -> bool:
        """Whether it does not exist any more."""
        return isinstance(self._readings.get(identity.resource_id.lower()), NotFound)

    def unknown(self, identity: ManagedIdentity) -> str | None:
        """Why it could not be read, None where it could."""
        reading = self._readings.get(identity.resource_id.lower())
        return reading.reason if isinstance(reading, Unreadable) else None

    def credentials(self, identity: ManagedIdentity) -> tuple[Credential, ...]:
        """Its federated identity credentials."""
        reading = self._readings.get(identity.resource_id.lower())
        return reading.credentials if isinstance(reading, Reading) else ()


def subject_of(namespace: str, service_account: str) -> str:
    """The subject of a service account's tokens."""
    return f"system:serviceaccount:{namespace}:{service_account}"


def credential_for(issuer: str, namespace: str, service_account: str) -> Credential:
    """The credential that lets a service account of the cluster with that issuer be the managed identity."""
    subject = subject_of(namespace, service_account)
    return Credential(_name(issuer, subject), issuer, subject)


def find_equal(wanted: Credential, there: Iterable[Credential]) -> Credential | None:
    """The credential that does what is wanted, under whatever name."""
    pair = (wanted.issuer, wanted.subject)
    return next((each for each in there if (each.issuer, each.subject) == pair and AUDIENCE in each.audiences), None)


def find_different(wanted: Credential, there: Iterable[Credential]) -> Credential | None:
    """The credential that is in the way: of the same issuer and subject, or name, and not what is wanted."""
    pair = (wanted.issuer, wanted.subject)
    return next(
        (
            each
            for each in there
            if (each.name.lower() == wanted.name.lower() or (each.issuer, each.subject) == pair)
            and find_equal(wanted, [each]) is None
        ),
        None,
    )


def create_command(resource_id: str, credential: Credential) -> str:
    """Makes the credential at the managed identity."""
    more = ("--issuer", credential.issuer, "--subject", credential.subject, "--audiences", *credential.audiences)
    return command_line(*_words("create", resource_id, credential), *more)


def delete_command(resource_id: str, credential: Credential) -> str:
    """Removes the credential from the managed identity."""
    return command_line(*_words("delete", resource_id, credential), "--yes")


def _words(verb: str, resource_id: str, credential: Credential) -> tuple[str, ...]:
    subscription, group, name = managed_identity_parts(resource_id)
    where = ("--resource-group", group, "--identity-name", name, "--name", credential.name)
    return ("identity", "federated-credential", verb, *where, "--subscription", subscription)


def _name(issuer: str, subject: str) -> str:
    readable = re.sub(r"[^A-Za-z0-9]+", "-", subject.split(":", 2)[-1])[:_READABLE].strip("-")
    return f"{_PREFIX}-{readable}-{sha256(f'{issuer} {subject}'.encode()).hexdigest()[:12]}"
