# SPDX-License-Identifier: MIT
"""`python -m azure_simulator`: serve until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import json
import signal
import threading
from pathlib import Path

from azure_simulator import AZURE_LIMITS, NO_LIMITS, Durations, Simulator


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="azure_simulator", description="A local Azure on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0, the default, picks a free one")
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies every duration")
    parser.add_argument("--durations", choices=("real", "demo"), default="real")
    parser.add_argument("--retry-after", type=float, help="seconds in Retry-After of responses")
    parser.add_argument("--no-limits", action="store_true", help="accept requests at any rate")
    parser.add_argument("--subscriptions", type=int, default=2, help="how many subscriptions the account sees")
    parser.add_argument("--ready-file", type=Path, help="gets the same line as standard output, when ready")
    return parser.parse_args()


def main() -> None:
    """Serve, and print one line of JSON with the connection when ready."""
    arguments = _arguments()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    durations = Durations.demo() if arguments.durations == "demo" else Durations()
    limits = NO_LIMITS if arguments.no_limits else AZURE_LIMITS
    with Simulator(
        arguments.scale, durations, arguments.port, limits=limits, subscription_count=arguments.subscriptions
    ) as simulator:
        simulator.settings.retry_after = arguments.retry_after
        line = json.dumps(simulator.connection.as_dict())
        print(line, flush=True)
        if arguments.ready_file:
            _write(arguments.ready_file, line)
        ended.wait()


def _write(ready_file: Path, line: str) -> None:
    """Write the file atomically and readable by its owner alone: it contains the client secret."""
    partial = ready_file.with_name(f"{ready_file.name}.partial")
    partial.touch(mode=0o600)
    partial.write_text(f"{line}\n")
    partial.replace(ready_file)


if __name__ == "__main__":
    main()
