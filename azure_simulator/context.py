# SPDX-License-Identifier: MIT
"""The context that all resource providers share."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from urllib.parse import urlencode

from azure_simulator.clock import Between, Clock, Durations, timestamp
from azure_simulator.faults import Faults
from azure_simulator.settings import Settings

TENANT_ID = "72d0a9a3-5c3b-4b0e-9d27-6f6f5d1c0a11"
SUBSCRIPTION_ID = "5b8e1f64-0d1b-4e0c-8f0a-3c4d5e6f7a81"
SECOND_SUBSCRIPTION_ID = "9c7d2e35-1a2b-4c3d-8e4f-5a6b7c8d9e02"
CLIENT_ID = "3f1c2b4a-6d5e-4f70-8192-a3b4c5d6e7f8"
CALLER_OBJECT_ID = "e1d2c3b4-a596-4877-8695-a4b3c2d1e0f9"


@dataclass
class Context:
    """The shared clock, settings and faults. `scale` multiplies every duration (0.01 is a hundredth)."""

    clock: Clock
    scale: float = 1.0
    durations: Durations = field(default_factory=Durations)
    settings: Settings = field(default_factory=Settings)
    faults: Faults = field(default_factory=Faults)
    url: str = ""
    tenant_id: str = TENANT_ID
    subscription_ids: tuple[str, ...] = (SUBSCRIPTION_ID, SECOND_SUBSCRIPTION_ID)
    caller_object_id: str = CALLER_OBJECT_ID
    random_seed: int = 0

    def now(self) -> float:
        return self.clock.now()

    def after(self, seconds: float | Between, key: str = "") -> float:
        """Return the clock's reading `seconds`, scaled, from now. Equal keys draw equal durations."""
        drawn = seconds.draw(f"{self.random_seed} {key}") if isinstance(seconds, Between) else seconds
        return self.clock.now() + drawn * self.scale

    def timestamp(self, moment: float | None = None) -> str:
        """Return a reading of the clock, by default the current one, as the service writes times."""
        return timestamp(self.clock.utc(self.now() if moment is None else moment))

    def polling_url(self, path: str, api_version: str) -> str:
        """Return a URL to poll, with the signature that clients send back unchanged (public recordings)."""
        digest = hashlib.sha256(path.encode()).hexdigest()
        query = {
            "api-version": api_version,
            "t": str(int(digest[:12], 16)),
            "c": digest,
            "s": digest,
            "h": digest,
        }
        return f"{self.url}{path}?{urlencode(query)}"


def subscriptions(count: int) -> tuple[str, ...]:
    """Return so many subscription IDs, always the same ones."""
    others = (str(uuid.uuid5(uuid.NAMESPACE_URL, f"subscription {number}")) for number in range(2, count))
    return (SUBSCRIPTION_ID, SECOND_SUBSCRIPTION_ID, *others)[:count]


def new_id() -> str:
    return str(uuid.uuid4())
