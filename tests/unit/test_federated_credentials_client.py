# SPDX-License-Identifier: MIT

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from azure.cli.core.azclierror import AzCLIError

from azext_podidentity.actions.migration.context import combine_errors
from azext_podidentity.arm import federated_credentials
from azext_podidentity.arm.federated_credentials import CredentialService
from azext_podidentity.profile.entries import NotFound, Unreadable
from azext_podidentity.profile.rbac import WORTH_A_LIST
from azext_podidentity.profile.workload_credentials import IdentityCredentials, credential_for
from tests.support.builders import Clock, http_error, identity_id, text_of
from tests.support.fake_azure import CLI, Azure

WANTED = credential_for("https://issuer.example/", "my-app", "web")
OVERLAP = http_error(409, {"error": {"code": "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"}})
FORBIDDEN = http_error(403, {"error": {"code": "AuthorizationFailed", "message": "You may not."}})


class Writes:
    """The federated identity credentials of managed identities. The next writes raise the errors in `refuse`."""

    def __init__(self) -> None:
        self.refuse: list[Exception] = []
        self.refuse_list: Exception | None = None
        self.there: dict[str, list[Any]] = {}

    def list(self, _: str, name: str) -> list[Any]:
        if self.refuse_list:
            raise self.refuse_list
        return self.there.get(name, [])

    def create_or_update(self, _: str, name: str, credential: str, model: Any) -> None:
        self._refuse()
        model.name = credential
        self.there.setdefault(name, []).append(model)

    def delete(self, _: str, name: str, credential: str) -> None:
        self._refuse()
        self.there[name] = [each for each in self.there.get(name, []) if each.name != credential]

    def _refuse(self) -> None:
        if self.refuse:
            raise self.refuse.pop(0)


@pytest.fixture
def writes(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> Writes:
    """Return the credentials of an Azure with the managed identities `one` and `two`."""
    writes = Writes()
    azure.managed = {identity_id(name).lower(): identity_id(name) for name in ("one", "two")}
    client = SimpleNamespace(
        user_assigned_identities=azure.user_assigned_identities, federated_identity_credentials=writes
    )
    monkeypatch.setattr(federated_credentials, "managed_identity_client", lambda *_: client)
    return writes


def create(*names: str) -> tuple[dict[str, list[Any]], list[Any]]:
    return CredentialService(CLI).create({identity_id(name): [WANTED] for name in names})


def test_create_read_and_delete_credentials(writes: Writes) -> None:
    assert create("one") == ({identity_id("one"): [WANTED]}, [])

    read = CredentialService(CLI).read([identity_id("one"), identity_id("gone")])

    one = read[identity_id("one").lower()]
    assert isinstance(one, IdentityCredentials)
    assert one.credentials == (WANTED,)
    assert one.credentials[0].created_by_us
    assert read[identity_id("gone").lower()] == NotFound()
    CredentialService(CLI).delete({identity_id("one"): [WANTED]})
    assert writes.there == {"one": []}


def test_overlapping_write_is_retried(writes: Writes, clock: Clock) -> None:
    writes.refuse = [OVERLAP, OVERLAP]

    assert create("one") == ({identity_id("one"): [WANTED]}, [])
    assert clock.now > 1000


def test_overlapping_write_times_out(writes: Writes, clock: Clock) -> None:
    writes.refuse = [OVERLAP] * 1000

    made, (error,) = create("one")

    assert made == {}
    assert "Run your command again" in text_of(error)
    assert 120 < clock.now - 1000 < 150


def test_forbidden_write_shows_command(writes: Writes) -> None:
    writes.refuse = [FORBIDDEN, FORBIDDEN]

    made, errors = create("one", "two")

    assert made == {}
    assert all("az identity federated-credential create" in text_of(each) for each in errors)
    combined = combine_errors(errors, "credentials could not be created.")
    assert "On 2 managed identities, credentials could not be created." in text_of(combined)
    assert "(AuthorizationFailed) You may not." in text_of(combined)
    assert combine_errors(errors[:1], "") is errors[0]
    assert isinstance(combined, AzCLIError)
    introduction, *commands = combined.recommendations
    assert introduction.endswith("run your command again:")
    assert commands == [each.recommendations[1] for each in errors if isinstance(each, AzCLIError)]


def test_forbidden_read_is_unreadable_and_error_raises(writes: Writes) -> None:
    writes.refuse_list = FORBIDDEN
    (found,) = CredentialService(CLI).read([identity_id("one")]).values()
    assert isinstance(found, Unreadable)
    assert "You may not." in found.reason

    writes.refuse_list = http_error(500, {"error": {"code": "Broken", "message": "It broke."}})
    with pytest.raises(AzCLIError, match="It broke"):
        CredentialService(CLI).read([identity_id("one")])


def test_many_identities_are_listed_or_read_individually(writes: Writes, azure: Azure) -> None:
    names = [f"identity-{number}" for number in range(WORTH_A_LIST)]
    azure.managed = {identity_id(name).lower(): identity_id(name) for name in names}
    ids = list(azure.managed.values())
    assert len(CredentialService(CLI).read(ids)) == len(ids)
    assert azure.requests == ["identities of group rg"]

    def refuse(_: Any) -> list[Any]:
        raise FORBIDDEN

    azure.broad = refuse
    azure.requests.clear()
    assert len(CredentialService(CLI).read(ids)) == len(ids)
    assert sorted(azure.requests) == ["identities of group rg", *sorted(f"identity {name}" for name in names)]
