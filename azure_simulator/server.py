# SPDX-License-Identifier: MIT
"""HTTPS on loopback: a private certificate authority, and uvicorn in a background thread."""

from __future__ import annotations

import socket
import ssl
import tempfile
import threading
from pathlib import Path
from typing import Any

import trustme
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from azure_simulator.application import DROP_CONNECTION, Application

HOST = "127.0.0.1"
# Longer than any pause of a polling client: a kept-alive connection must not be closed under it.
KEEP_ALIVE_SECONDS = 120
START_SECONDS = 30


class _DroppableProtocol(H11Protocol):
    """A protocol that lets the application close its connection without a response."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.app_state = {**self.app_state, DROP_CONNECTION: self._drop}

    def shutdown(self) -> None:
        """Close without waiting for an idle client to close its side of TLS."""
        super().shutdown()
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()

    def _drop(self) -> None:
        self.transport.abort()


class HttpsServer:
    """A server for one application, from `start()` until `stop()`. It can be started once."""

    def __init__(self, application: Application, port: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="azure-simulator-")
        self.ca_file = Path(self._folder.name) / "ca.pem"
        self._socket = _listen(port)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            application,
            http=_DroppableProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=1,
        )
        config.load()
        config.ssl = self._tls()
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run, name="azure-simulator", daemon=True)

    def start(self) -> None:
        """Start the server. Return when it accepts connections. Raise RuntimeError if it does not."""
        self._thread.start()
        waiting = threading.Event()
        for _ in range(START_SECONDS * 100):
            if self._server.started:
                return
            if not self._thread.is_alive():
                break
            waiting.wait(0.01)
        raise RuntimeError("The simulator's server did not start.")

    @property
    def thread(self) -> int:
        """Return the native ID of the serving thread."""
        assert self._thread.native_id is not None
        return self._thread.native_id

    def stop(self) -> None:
        """Stop the server and remove its certificates."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()
        self._folder.cleanup()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def _tls(self) -> ssl.SSLContext:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(self.ca_file))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", HOST).configure_cert(context)
        return context


def _listen(port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only for sockets that name their protocol. With it each response in two parts
    # waits 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(256)
    return listener
