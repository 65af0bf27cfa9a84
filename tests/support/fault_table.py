# SPDX-License-Identifier: MIT
"""Every command that writes, met by every fault at every request that it sends: the table is made, not typed."""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from azure_simulator import Fault, Simulator
from tests.support.azure_cli import CLUSTER, GROUP, POD_IDENTITY, Result
from tests.support.cluster_state import entries, exceptions, pod_exception, seed_entries
from tests.support.forked_az import ForkedAz

_PAGE = "<html><body><h1>Bad Gateway</h1></body></html>"
_RUNNING = {
    "name": "an-operation",
    "status": "InProgress",
    "error": {"code": "SomeTrouble", "message": "It is tried again."},
}
# The options of each kind of fault.
KINDS: dict[str, dict[str, Any]] = {
    "429 with Retry-After": {"status": 429, "code": "TooManyRequests", "headers": {"retry-after": "1"}},
    "429": {"status": 429, "code": "TooManyRequests"},
    "500": {"status": 500, "code": "InternalServerError"},
    "502, a page": {"status": 502, "body": _PAGE},
    "503": {"status": 503, "code": "ServiceUnavailable"},
    "504 after it took effect": {"status": 504, "code": "GatewayTimeout", "accepted": True},
    "401 once": {"status": 401, "code": "ExpiredAuthenticationToken"},
    "200, a page": {"status": 200, "body": _PAGE},
    "reset before": {"drop": "before"},
    "reset after": {"drop": "after"},
    "answer cut short": {"drop": "inside"},
}
OF_POLLS: dict[str, dict[str, Any]] = {"error while it runs": {"status": 200, "body": _RUNNING}}
FOR_GOOD = ("429", "500", "502, a page", "503", "401 once", "200, a page", "reset before", "answer cut short")


@dataclass(frozen=True)
class Command:
    """A command on the cluster that `seed` makes, and whether the cluster is by now as it makes it."""

    name: str
    line: str
    is_done: Callable[[Simulator], bool]
    # The exit code where the command is run again and was done already.
    again: int = 0


COMMANDS = (
    Command(
        "add",
        f"aks pod-identity add {POD_IDENTITY} --name new --identity-resource-id {{identity}}",
        lambda azure: entries(azure).get("new", {}).get("provisioningState") == "Assigned",
    ),
    Command(
        "delete",
        f"aks pod-identity delete {POD_IDENTITY} --name old",
        lambda azure: "old" not in entries(azure),
        again=3,
    ),
    Command(
        "exception update",
        f"aks pod-identity exception update {POD_IDENTITY} --name old --pod-labels app=new",
        lambda azure: exceptions(azure)["old"]["podLabels"] == {"app": "new"},
    ),
    Command(
        "update --enable-pod-identity",
        f"aks update --resource-group {GROUP} --name {CLUSTER} --enable-pod-identity",
        lambda azure: bool(_profile(azure).get("enabled")),
    ),
)


@dataclass(frozen=True)
class Place:
    """The `number`th request of a method and a kind of path that a command sends, from 0."""

    method: str
    path: str
    number: int

    def __str__(self) -> str:
        return f"{self.method} {self.path.strip('/$[]^+')} {self.number + 1}"


@dataclass(frozen=True)
class Case:
    """Faults, each at its place, while a command runs; `for_good` they go on at that kind of request."""

    command: Command
    faults: tuple[tuple[Place, str], ...]
    for_good: bool = False
    debug: bool = False

    def __str__(self) -> str:
        faults = " and ".join(f"{kind} at {place}" for place, kind in self.faults)
        return f"{self.command.name}: {faults}{' for good' * self.for_good}{' --debug' * self.debug}"


@dataclass
class Table:
    """Runs the cases and counts what came of them."""

    azure: Simulator
    az: ForkedAz
    token: str
    etags: bool = True

    def __post_init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.broken: list[str] = []

    def singles(self) -> Iterator[Case]:
        """Each fault at each request of each command, once and, where it matters, for good."""
        for command in COMMANDS:
            for place, kind in _meetings(self.places(command)):
                yield Case(command, ((place, kind),))
                if kind in FOR_GOOD and not place.number:
                    yield Case(command, ((place, kind),), for_good=True)

    def pairs(self) -> Iterator[Case]:
        """Each two faults at different requests of each command, and one at a request and at its repetition."""
        for command in COMMANDS:
            for one, other in itertools.combinations(_meetings(self.places(command)), 2):
                if one[0] != other[0]:
                    yield Case(command, (one, other))
                else:
                    yield Case(command, (one, (Place(one[0].method, one[0].path, one[0].number + 1), other[1])))

    def places(self, command: Command) -> list[Place]:
        """The requests that the command sends where nothing is in its way."""
        line = self.seed(command)
        self.az(line).ok()
        seen: Counter[tuple[str, str]] = Counter()
        places = []
        for request in self.azure.requests.all():
            where = request.method, _kind_of(request.path)
            places.append(Place(*where, seen[where]))
            seen[where] += 1
        return places

    def seed(self, command: Command) -> str:
        """The cluster before the command; returns the command line."""
        azure = self.azure
        azure.reset()
        azure.settings.etags = self.etags
        azure.seed.resource_group(GROUP)
        others = [pod_exception(name, {"app": name}) for name in ("old", "theirs")]
        seed_entries(azure, "old", "theirs", exceptions=others, tags={"team": "a"})
        if command.name.startswith("update"):
            azure.seed.cluster(GROUP, CLUSTER, tags={"team": "a"})
            azure.start_operation(GROUP, CLUSTER, 0, lambda body: body["properties"].update(podIdentityProfile={}))
        identity = azure.seed.managed_identity(GROUP, "new")
        azure.requests.clear()
        return command.line.format(identity=identity["id"])

    def run(self, case: Case) -> None:
        """Runs the case and, where the command failed, the command again; AssertionError where anything is wrong."""
        line = self.seed(case.command)
        before = self.others(case.command)
        for place, kind in case.faults:
            options = {**KINDS, **OF_POLLS}[kind]
            skip, times = (0, 10**6) if case.for_good else (place.number, 1)
            self.azure.faults.add(Fault(place.method, place.path, times, shape="front-door", skip=skip, **options))
        first = self.az(line + " --debug" * case.debug)
        if len(case.faults) == 1 and not case.for_good:
            assert not self.azure.faults.left, "the fault met no request"
        self.azure.faults.clear()
        outcome = self._judge(case, first)
        if first.exit_code:
            again = self.az(line)
            self._check_output(again)
            allowed = {0, case.command.again}
            assert again.exit_code in allowed, f"run again after {first.stderr}: {again.stderr}"
        assert case.command.is_done(self.azure), f"not done, after {first.stderr}"
        assert self.others(case.command) == before, "something of others is not as it was"
        self.outcomes[outcome] += 1

    def others(self, command: Command) -> Any:
        """All that the command has no business with."""
        body = self.azure.cluster(GROUP, CLUSTER)
        properties = {**body["properties"], "podIdentityProfile": None, "provisioningState": None}
        kept = {name: value for name, value in body.items() if name not in ("eTag", "properties")}
        pools = [{**pool, "eTag": None, "provisioningState": None} for pool in properties["agentPoolProfiles"]]
        mine = {"add": "new", "delete": "old"}.get(command.name)
        identities = {name: entry for name, entry in entries(self.azure).items() if name != mine}
        labels = {
            name: entry["podLabels"] if (command.name, name) != ("exception update", "old") else None
            for name, entry in exceptions(self.azure).items()
            if entry["namespace"] != "kube-system"
        }
        return kept, {**properties, "agentPoolProfiles": pools}, identities, labels

    def _judge(self, case: Case, result: Result) -> str:
        self._check_output(result, debug=case.debug)
        if result.exit_code == 0:
            return "completed in the first run"
        assert "ERROR: " in result.stderr, result.stderr
        assert result.exit_code in (1, 3), result.exit_code
        return "failed with a clear error, completed when run again"

    def _check_output(self, result: Result, *, debug: bool = False) -> None:
        for secret in (self.azure.client_secret, self.token):
            assert secret not in result.stdout + result.stderr, "a secret is in the output"
        assert not re.search(r"Bearer [\w.-]{20,}|eyJ[\w-]{20,}\.", result.stderr), "a token is in the output"
        if not debug:  # az itself prints the tracebacks of its errors there
            assert "Traceback" not in result.stderr, result.stderr
        assert result.exit_code >= 0


def sample(cases: Iterator[Case], count: int, seed: int) -> list[Case]:
    """So many of the cases, the same for the same seed; every other one with --debug."""
    all_cases = list(cases)
    chosen = random.Random(seed).sample(all_cases, min(count, len(all_cases)))
    return [Case(each.command, each.faults, each.for_good, debug=bool(n % 2)) for n, each in enumerate(chosen)]


def _meetings(places: list[Place]) -> list[tuple[Place, str]]:
    """Each place with each fault that there can be."""
    return [(place, kind) for place in places for kind in (*KINDS, *(OF_POLLS if "/operations/" in place.path else ()))]


def _kind_of(path: str) -> str:
    """A pattern for the paths of one kind of resource; names differ from run to run."""
    *_, kind, name = path.split("/")
    return rf"/{name}$" if name == "roleAssignments" else rf"/{kind}/[^/]+$"


def _profile(azure: Simulator) -> dict[str, Any]:
    return azure.cluster(GROUP, CLUSTER)["properties"].get("podIdentityProfile") or {}
