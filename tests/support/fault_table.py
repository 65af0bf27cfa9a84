# SPDX-License-Identifier: MIT
"""The generated table of every writing command with every fault at every request."""

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
    "504 after processing": {"status": 504, "code": "GatewayTimeout", "accepted": True},
    "401 once": {"status": 401, "code": "ExpiredAuthenticationToken"},
    "200, a page": {"status": 200, "body": _PAGE},
    "reset before": {"drop": "before"},
    "reset after": {"drop": "after"},
    "truncated response": {"drop": "inside"},
}
OF_POLLS: dict[str, dict[str, Any]] = {"error while running": {"status": 200, "body": _RUNNING}}
PERMANENT = ("429", "500", "502, a page", "503", "401 once", "200, a page", "reset before", "truncated response")


@dataclass(frozen=True)
class Command:
    """A command on the seeded cluster, and a condition that is true after it."""

    name: str
    line: str
    is_done: Callable[[Simulator], bool]
    # The exit code of the command if its change was already made.
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
class Position:
    """The position of a request: the `number`th, from 0, with the method and a kind of path."""

    method: str
    path: str
    number: int

    def __str__(self) -> str:
        return f"{self.method} {self.path.strip('/$[]^+')} {self.number + 1}"


@dataclass(frozen=True)
class Case:
    """Faults during a command, each at its position. `permanent` ones affect all later requests of that kind."""

    command: Command
    faults: tuple[tuple[Position, str], ...]
    permanent: bool = False
    debug: bool = False

    def __str__(self) -> str:
        faults = " and ".join(f"{kind} at {position}" for position, kind in self.faults)
        return f"{self.command.name}: {faults}{' permanently' * self.permanent}{' --debug' * self.debug}"


@dataclass
class Table:
    """Run the cases and count their outcomes."""

    azure: Simulator
    az: ForkedAz
    token: str
    etags: bool = True

    def __post_init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.broken: list[str] = []

    def singles(self) -> Iterator[Case]:
        """Yield each fault at each request of each command, once and, if it matters, permanently."""
        for command in COMMANDS:
            for position, kind in _combinations(self.positions(command)):
                yield Case(command, ((position, kind),))
                if kind in PERMANENT and not position.number:
                    yield Case(command, ((position, kind),), permanent=True)

    def pairs(self) -> Iterator[Case]:
        """Yield each pair of faults at different requests of a command, or at a request and its retry."""
        for command in COMMANDS:
            for one, other in itertools.combinations(_combinations(self.positions(command)), 2):
                if one[0] != other[0]:
                    yield Case(command, (one, other))
                else:
                    yield Case(command, (one, (Position(one[0].method, one[0].path, one[0].number + 1), other[1])))

    def positions(self, command: Command) -> list[Position]:
        """Return the positions of the requests that the command sends without faults."""
        line = self.seed(command)
        self.az(line).ok()
        seen: Counter[tuple[str, str]] = Counter()
        positions = []
        for request in self.azure.requests.all():
            kind = request.method, _kind_of(request.path)
            positions.append(Position(*kind, seen[kind]))
            seen[kind] += 1
        return positions

    def seed(self, command: Command) -> str:
        """Create the cluster for the command. Return the command line."""
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
        """Run the case and, if the command failed, the command again. Raise AssertionError on any deviation."""
        line = self.seed(case.command)
        before = self.others(case.command)
        for position, kind in case.faults:
            options = {**KINDS, **OF_POLLS}[kind]
            skip, times = (0, 10**6) if case.permanent else (position.number, 1)
            self.azure.faults.add(
                Fault(position.method, position.path, times, shape="front-door", skip=skip, **options)
            )
        first = self.az(line + " --debug" * case.debug)
        if len(case.faults) == 1 and not case.permanent:
            assert not self.azure.faults.left, "the fault met no request"
        self.azure.faults.clear()
        outcome = self._judge(case, first)
        if first.exit_code:
            again = self.az(line)
            self._check_output(again)
            allowed = {0, case.command.again}
            assert again.exit_code in allowed, f"run again after {first.stderr}: {again.stderr}"
        assert case.command.is_done(self.azure), f"not done, after {first.stderr}"
        assert self.others(case.command) == before, "unrelated state has changed"
        self.outcomes[outcome] += 1

    def others(self, command: Command) -> Any:
        """Return all state that is unrelated to the command."""
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
        if not debug:  # with --debug, az prints tracebacks
            assert "Traceback" not in result.stderr, result.stderr
        assert result.exit_code >= 0


def sample(cases: Iterator[Case], count: int, seed: int) -> list[Case]:
    """Return `count` random cases, the same for the same seed. Every other one runs with --debug."""
    all_cases = list(cases)
    chosen = random.Random(seed).sample(all_cases, min(count, len(all_cases)))
    return [Case(each.command, each.faults, each.permanent, debug=bool(n % 2)) for n, each in enumerate(chosen)]


def _combinations(positions: list[Position]) -> list[tuple[Position, str]]:
    """Return each position with each possible fault."""
    return [
        (position, kind)
        for position in positions
        for kind in (*KINDS, *(OF_POLLS if "/operations/" in position.path else ()))
    ]


def _kind_of(path: str) -> str:
    """Return a pattern for the paths of one kind of resource, because names differ between runs."""
    *_, kind, name = path.split("/")
    return rf"/{name}$" if name == "roleAssignments" else rf"/{kind}/[^/]+$"


def _profile(azure: Simulator) -> dict[str, Any]:
    return azure.cluster(GROUP, CLUSTER)["properties"].get("podIdentityProfile") or {}
