# SPDX-License-Identifier: MIT
"""Create and delete identity bindings, with concurrent clients and inconclusive responses."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from azure.cli.core.azclierror import ValidationError
from azure.core.exceptions import HttpResponseError

from azext_podidentity.arm import backoff, identity_bindings
from azext_podidentity.arm.identity_bindings import IdentityBindings
from azext_podidentity.profile.identity_bindings import IdentityBinding, binding_name, delete_command
from tests.support.builders import REFERENCE, Clock, Json, http_error, identity_id, refusal, text_of
from tests.support.fake_azure import CLI

RESOURCE_ID = identity_id()
NAME = binding_name(RESOURCE_ID)
BUSY = refusal("OperationNotAllowed", "Another operation is in progress.", 409)
CHANGED = refusal("EtagMismatch", "It was modified.", 412)
FORBIDDEN = refusal("AuthorizationFailed", "You may not.", 403)


def body(name: str = NAME, resource_id: str = RESOURCE_ID, state: str = "Succeeded") -> Json:
    properties = {"managedIdentity": {"resourceId": resource_id, "tenantId": "t"}, "provisioningState": state}
    return {"name": name, "eTag": "1", "properties": properties}


class Model:
    def __init__(self, raw: Json) -> None:
        self.raw = raw

    def as_dict(self) -> Json:
        return self.raw


class Service:
    """Bindings whose next reads and writes have the outcomes in `reads` and `outcomes`."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Json]] = []
        self.outcomes: list[Exception | Json] = []
        self.reads: list[Exception | Json] = []

    def begin_create_or_update(self, _: str, __: str, name: str, wanted: Json, **options: Any) -> Any:
        self.sent.append((name, options["headers"]))
        return SimpleNamespace(result=lambda: self._next(self.outcomes, body(name)))

    def begin_delete(self, _: str, __: str, name: str, **options: Any) -> Any:
        self.sent.append((name, options["headers"]))
        return SimpleNamespace(result=lambda: self._next(self.outcomes, {}))

    def get(self, _: str, __: str, name: str) -> Model:
        return self._next(self.reads, body(name))

    def list_by_managed_cluster(self, *_: str) -> list[Model]:
        return [self._next(self.reads, body())]

    @staticmethod
    def _next(outcomes: list[Exception | Json], default: Json) -> Model:
        outcome = outcomes.pop(0) if outcomes else default
        if isinstance(outcome, Exception):
            raise outcome
        return Model(outcome)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Service:
    service = Service()
    monkeypatch.setattr(identity_bindings, "_operations", lambda _: service)
    return service


def bindings(seconds: float = 1800) -> IdentityBindings:
    cli: Any = CLI
    return IdentityBindings(cli, REFERENCE, backoff.Deadline(seconds))


def create(existing: IdentityBinding | None = None, seconds: float = 1800) -> tuple[list[IdentityBinding], list[Any]]:
    return bindings(seconds).create([(RESOURCE_ID, existing)])


def existing(state: str, name: str = NAME) -> IdentityBinding:
    return IdentityBinding.from_json(body(name, state=state))


def poll_error() -> HttpResponseError:
    error = http_error(404, {"error": {"code": "NotFound"}})
    error.response.request = SimpleNamespace(method="GET")  # type: ignore[misc, union-attr]
    return error


def test_create_requires_absence(service: Service) -> None:
    ((made,), errors) = create()
    assert (made.name, made.tenant_id, errors) == (NAME, "t", [])
    assert service.sent == [(NAME, {"If-None-Match": "*"})]


def test_failed_binding_is_recreated_with_etag(service: Service) -> None:
    create(existing("Failed"))
    assert service.sent == [(NAME, {"If-Match": "1"})]


def test_binding_being_created_elsewhere_is_awaited(service: Service, clock: Clock) -> None:
    service.reads = [body("theirs", state="Creating")] * 3
    ((made,), _) = create(existing("Creating", "theirs"))
    assert (made.name, service.sent) == ("theirs", [])
    assert clock.now > 1000


@pytest.mark.parametrize("error", [BUSY, CHANGED, http_error(503), poll_error()])
def test_inconclusive_write_is_judged_by_binding(service: Service, error: Exception) -> None:
    service.outcomes = [error]
    service.reads = [body(state="Creating"), body()]
    ((made,), errors) = create()
    assert (made.name, errors) == (NAME, [])


@pytest.mark.parametrize(
    ("reads", "words"),
    [
        ([body(state="Failed")], "is in state Failed"),
        ([refusal("ResourceNotFound", "It was not found.", 404)], "removed by another client"),
        ([body(resource_id=identity_id("other"))], NAME),
    ],
)
def test_unusable_binding_is_reported(service: Service, reads: list[Any], words: str) -> None:
    service.outcomes, service.reads = [BUSY], reads
    made, (error,) = create()
    assert not made
    assert words in text_of(error)


def test_forbidden_write_shows_command(service: Service) -> None:
    service.outcomes = [FORBIDDEN]
    _, (error,) = create()
    assert "az aks identity-binding create" in text_of(error)
    assert "You may not." in text_of(error)
    service.outcomes = [FORBIDDEN]
    _, (error,) = bindings().delete([existing("Succeeded")])
    assert delete_command(REFERENCE, NAME) in text_of(error)


def test_wait_ends_at_deadline(service: Service, clock: Clock) -> None:
    service.reads = [body(state="Creating")] * 1000
    _, (error,) = create(existing("Creating"), seconds=60)
    assert "still running" in text_of(error)
    assert 60 <= clock.now - 1000 < 75


@pytest.mark.parametrize(
    ("outcomes", "reads", "removed"),
    [
        ([], [], True),
        ([BUSY], [refusal("ResourceNotFound", "It was not found.", 404)], True),
        ([CHANGED], [], False),
        ([refusal("BadRequest", "No.", 400)], [], False),
    ],
)
def test_delete_requires_unchanged_binding(
    service: Service, outcomes: list[Any], reads: list[Any], removed: bool
) -> None:
    service.outcomes, service.reads = outcomes, reads
    gone, errors = bindings().delete([existing("Succeeded")])
    assert (len(gone), len(errors)) == ((1, 0) if removed else (0, 1))
    assert service.sent == [(NAME, {"If-Match": "1"})]


def test_list_and_list_error(service: Service) -> None:
    assert [each.name for each in bindings().read()] == [NAME]
    service.reads = [FORBIDDEN]
    with pytest.raises(Exception, match="could not be listed") as error:
        bindings().read()
    assert "You may not." in str(error.value)


def test_old_azure_cli_error_names_required_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity_bindings, "supports_bindings", lambda: False)
    with pytest.raises(ValidationError, match=r"azure-cli 2\.88\.0 or later. This is azure-cli 2\.") as error:
        bindings().read()
    assert "az upgrade" in text_of(error.value)
    assert bindings().read_if_supported() == ()


def test_first_poll_follows_expected_duration() -> None:
    durations = identity_bindings._Durations()
    pauses: Callable[[float], float] = durations.until_next
    assert pauses(0) == 1
    durations.note(20)
    durations.note(30)
    assert [pauses(0), pauses(15), pauses(20), pauses(25)] == [20, 5, 1, 1]
