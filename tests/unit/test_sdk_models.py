# SPDX-License-Identifier: MIT
"""Creation of an SDK model's first object by several threads."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from threading import Event, Thread
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from azure.cli.core.commands import client_factory
from azure.mgmt.containerservice._utils.model_base import Model, _deserialize, rest_field

from azext_podidentity.arm.clients import managed_clusters_client, management_client

PACKAGE = "an_sdk"
AZ: Any = SimpleNamespace(data={})


class Meeting:
    """A model attribute at which the first thread that sets up the model waits for another one to finish."""

    def __init__(self) -> None:
        self.reached, self.passed = Event(), Event()

    def __getattr__(self, name: str) -> Any:
        if name == "_type" and not self.reached.is_set():
            self.reached.set()
            self.passed.wait(10)
        raise AttributeError(name)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a model without objects yet, in an SDK whose client az returns."""

    class Cluster(Model):
        meeting = Meeting()
        name = rest_field(name="name", type=str)

    models = ModuleType(f"{PACKAGE}.models")
    models.Cluster = Cluster  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, models.__name__, models)
    monkeypatch.setattr("azext_podidentity.arm.sdk_models._set_up", set())
    client = type("Client", (), {"__module__": f"{PACKAGE}._client", "managed_clusters": None})()
    monkeypatch.setattr(client_factory, "get_mgmt_service_client", lambda *_, **__: client)
    yield Cluster
    Model._calculated.discard(f"{Cluster.__module__}.{Cluster.__qualname__}")


def create_in_two_threads(model: Any) -> list[Any]:
    """Return what the SDK creates from the same JSON in two threads that set up the model together."""
    created: list[Any] = []

    def create() -> None:
        created.append(_deserialize(model, {"name": "c"}))

    first = Thread(target=create)
    first.start()
    while first.is_alive() and not model.meeting.reached.wait(0.01):
        pass
    create()
    model.meeting.passed.set()
    first.join(10)
    return created


def test_sdk_race_returns_plain_json(model: Any) -> None:
    assert [type(each) for each in create_in_two_threads(model)] == [model, dict]


@pytest.mark.parametrize(
    "create_client",
    [
        pytest.param(lambda: managed_clusters_client(AZ), id="managed clusters"),
        pytest.param(lambda: management_client(AZ, object), id="other"),
    ],
)
def test_client_factory_sets_up_models(model: Any, create_client: Callable[[], object]) -> None:
    model.meeting.passed.set()  # this thread sets the model up alone
    thread = Thread(target=create_client)
    thread.start()
    thread.join(10)
    model.meeting.reached.clear()
    model.meeting.passed.clear()
    assert [type(each) for each in create_in_two_threads(model)] == [model, model]
