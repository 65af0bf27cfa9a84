# SPDX-License-Identifier: MIT
"""The simulator's public interface for tests, the demo and the benchmarks."""

from __future__ import annotations

import copy
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any

from azure_simulator.application import Application
from azure_simulator.clock import Clock, Durations, MonotonicClock
from azure_simulator.context import CLIENT_ID, Context, subscriptions
from azure_simulator.entra import Tokens
from azure_simulator.faults import Faults
from azure_simulator.limits import AZURE_LIMITS, Limits, Throttle
from azure_simulator.request_log import RequestLog
from azure_simulator.resource_ids import parse
from azure_simulator.seed import Seed
from azure_simulator.server import HttpsServer
from azure_simulator.services import Services
from azure_simulator.settings import Settings
from azure_simulator.shared_clock import SharedClock
from azure_simulator.statistics import Statistics

from .resources.containerservice import Cluster


@dataclass(frozen=True)
class Connection:
    """The data with which a client signs in. `ca_file` is the PEM file of the certificate authority to trust."""

    url: str
    ca_file: Path
    tenant_id: str
    subscription_id: str
    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"Connection(url={self.url!r})"

    def as_dict(self) -> dict[str, str]:
        """Return the fields as strings, including the secret, as `python -m azure_simulator` prints them."""
        return {field.name: str(getattr(self, field.name)) for field in fields(self)}


class Simulator:
    """A local Azure on loopback, over HTTPS, in memory.

    Use as a context manager, or call `start()` and `stop()`. Everything may be called from any thread.

    Args:
        scale: multiplies every duration (0.01 makes 237 s take 2.37 s), and the time in which limits refill.
        durations: how long operations take.
        port: 0 picks a free one.
        clock: a clock instead of the machine's, for tests that must not wait.
        limits: the rates at which requests are accepted; `NO_LIMITS` accepts all.
        subscription_count: the number of subscriptions of the account.
        random_seed: the seed of durations that are drawn from distributions.
    """

    def __init__(
        self,
        scale: float = 1.0,
        durations: Durations | None = None,
        port: int = 0,
        clock: Clock | None = None,
        limits: Limits = AZURE_LIMITS,
        random_seed: int = 0,
        subscription_count: int = 2,
    ) -> None:
        self._context = Context(
            clock or MonotonicClock(),
            scale,
            durations or Durations(),
            subscription_ids=subscriptions(subscription_count),
            random_seed=random_seed,
        )
        self._limits = limits
        self._port = port
        self._lock = threading.RLock()
        self._tokens = Tokens()
        self._server: HttpsServer | None = None
        self.client_secret = secrets.token_hex(24)
        self.requests = RequestLog()
        self._application = Application(self._context, self._tokens, self.requests, self._lock)
        self._renew()

    def __enter__(self) -> Simulator:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Serve in a background thread. Return when connections are accepted."""
        self._server = HttpsServer(self._application, self._port)
        self._context.url = f"https://localhost:{self._server.port}"
        self._server.start()
        if isinstance(self.clock, SharedClock):
            self.clock.watch(self._server.thread, lambda: self._application.in_flight > 0)

    def stop(self) -> None:
        """Stop serving and remove the certificate files. Do nothing if not started."""
        if self._server:
            if isinstance(self.clock, SharedClock):
                self.clock.unwatch(self._server.thread)
            self._server.stop()
            self._server = None

    def reset(self) -> None:
        """Restore the initial state, faults, settings and log. Sign-ins stay valid, because tokens are not stored."""
        with self._lock:
            defaults = Settings()
            for field in fields(Settings):
                setattr(self.settings, field.name, getattr(defaults, field.name))
            self.faults.clear()
            self.requests.clear()
            self._renew()

    def _renew(self) -> None:
        self._services = Services(self._context, self._tokens, self.client_secret)
        self._application.serve(self._services.routes())
        self.limits = self._limits
        self.seed = Seed(self._context, self._services, self._lock)

    @property
    def url(self) -> str:
        return self._context.url

    @property
    def ca_file(self) -> Path:
        if self._server is None:
            raise RuntimeError("The simulator is not started.")
        return self._server.ca_file

    @property
    def tenant_id(self) -> str:
        return self._context.tenant_id

    @property
    def subscription_id(self) -> str:
        return self._context.subscription_ids[0]

    @property
    def subscription_ids(self) -> tuple[str, ...]:
        return self._context.subscription_ids

    @property
    def second_subscription_id(self) -> str:
        return self._context.subscription_ids[1]

    @property
    def client_id(self) -> str:
        return CLIENT_ID

    @property
    def connection(self) -> Connection:
        return Connection(
            self.url, self.ca_file, self.tenant_id, self.subscription_id, self.client_id, self.client_secret
        )

    @property
    def clock(self) -> Clock:
        return self._context.clock

    @property
    def settings(self) -> Settings:
        return self._context.settings

    @property
    def faults(self) -> Faults:
        return self._context.faults

    @property
    def limits(self) -> Limits:
        """The rates at which requests are accepted. Setting them fills all buckets; `reset()` restores the first."""
        return self._application.throttle.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._application.throttle = Throttle(self._context, limits, self._services.clusters.region)

    @property
    def statistics(self) -> Statistics:
        """Counts of the requests since the log was last cleared."""
        return Statistics.of(self.requests.all())

    @property
    def durations(self) -> Durations:
        return self._context.durations

    @durations.setter
    def durations(self, durations: Durations) -> None:
        self._context.durations = durations

    @property
    def scale(self) -> float:
        return self._context.scale

    @scale.setter
    def scale(self, scale: float) -> None:
        self._context.scale = scale

    def cluster(self, resource_group: str, name: str, subscription_id: str | None = None) -> dict[str, Any]:
        """Return a copy of the cluster's stored JSON, always with its eTags. Raise KeyError if it does not exist."""
        with self._lock:
            return copy.deepcopy(self._cluster(resource_group, name, subscription_id).body)

    def remove_managed_identity(self, resource_id: str) -> None:
        """Delete a managed identity. Raise KeyError if it does not exist."""
        with self._lock:
            parts = parse(resource_id)
            removed = parts and self._services.identities.remove(parts.subscription, parts.group, parts.name)
            if not removed:
                raise KeyError(resource_id)

    def federated_credentials(self, resource_id: str) -> list[dict[str, Any]]:
        """Return copies of a managed identity's federated identity credentials. Raise KeyError if it does not exist."""
        with self._lock:
            identity = self._services.identities.find(resource_id)
            if identity is None:
                raise KeyError(resource_id)
            return copy.deepcopy(list(self._services.identities.credentials.of(identity).values()))

    def identity_bindings(self, resource_group: str, name: str) -> list[dict[str, Any]]:
        """Return copies of the identity bindings of a cluster. Raise KeyError if the cluster does not exist."""
        with self._lock:
            return self._services.bindings.of(self._cluster(resource_group, name))

    def role_assignments(self, principal_id: str) -> list[dict[str, Any]]:
        """Return copies of a principal's own role assignments as JSON, at any scope."""
        with self._lock:
            return copy.deepcopy(self._services.roles.of(principal_id))

    def remove_role_assignments(self, scope: str, principal_id: str | None = None) -> None:
        """Remove the assignments at exactly this scope, of one principal or of all."""
        with self._lock:
            self._services.roles.revoke(scope, principal_id)

    def start_operation(
        self,
        resource_group: str,
        name: str,
        seconds: float,
        change: Callable[[dict[str, Any]], object] | None = None,
    ) -> None:
        """Start an update of another client that takes `seconds`, scaled like every duration.

        The cluster is Updating and its eTag moves; `change` edits its JSON in place, at once. An
        operation that is running is preempted. Raise KeyError if the cluster does not exist.
        """
        with self._lock:
            cluster = self._cluster(resource_group, name)
            self._services.clusters.simulate_external_update(cluster, seconds, change)

    def _cluster(self, resource_group: str, name: str, subscription_id: str | None = None) -> Cluster:
        cluster = self._services.clusters.find(subscription_id or self.subscription_id, resource_group, name)
        if cluster is None:
            raise KeyError(f"{resource_group}/{name}")
        return cluster
