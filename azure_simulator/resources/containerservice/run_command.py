# SPDX-License-Identifier: MIT
"""Commands run inside a cluster. No recording exists: the shapes are those of the published API."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from azure_simulator.resources.containerservice.clusters import Cluster
from azure_simulator.resources.containerservice.operations import OPERATION_API_VERSION

from ...context import Context
from ...errors import aks
from ...http import JSON, Request, Response

# Longer output is truncated without notice (public documentation).
MAXIMUM_LOGS = 512 * 1024


@dataclass(frozen=True)
class _Command:
    start: float
    end: float
    exit_code: int
    logs: str


class RunCommands:
    """All commands by ID. The setting `run_command` returns the output of a command."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._commands: dict[str, _Command] = {}

    def run(self, cluster: Cluster, request: Request) -> Response:
        """Start the command of the request. The response names the URL of its result."""
        command = request.json_object().get("command")
        if not command:
            raise aks(400, "InvalidParameter", "Required parameter command is missing (null).")
        exit_code, logs = self._context.settings.run_command(command)
        start, end = self._context.now(), self._context.after(self._context.durations.run_command)
        name = secrets.token_hex(16)
        self._commands[name] = _Command(start, end, exit_code, logs)
        path = f"{cluster.body['id']}/commandResults/{name}"
        return Response(202, None, {"location": self._context.polling_url(path, OPERATION_API_VERSION)}, JSON)

    def result(self, request: Request) -> Response:
        """Return the result of a command, or 202 while it runs."""
        name = request.parameters["command"]
        command = self._commands.get(name)
        if command is None:
            raise aks(404, "NotFound", f"The command '{name}' was not found.")
        started = {"startedAt": self._context.timestamp(command.start)}
        if self._context.now() < command.end:
            return Response(202, _body(name, "Running", started), content_type=JSON)
        done: dict[str, Any] = {
            **started,
            "finishedAt": self._context.timestamp(command.end),
            "exitCode": command.exit_code,
            "logs": command.logs[:MAXIMUM_LOGS],
        }
        return Response(200, _body(name, "Succeeded", done), content_type=JSON)


def _body(name: str, state: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "properties": {"provisioningState": state, **properties}}
