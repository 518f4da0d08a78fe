"""A wire between us and a fax server that can be cut when a given word passes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Wire:
    """Listens on ``port`` and passes on to the server. ``cut_before``: what we say with it never arrives; ``cut_after``: it
    arrives, and no answer comes back. Both end the connection."""

    def __init__(self, server: int) -> None:
        self.cut_before = self.cut_after = b""
        self._server = server
        self._heard = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._take, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _take(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._server))
            threading.Thread(target=self._out, args=(near, far), daemon=True).start()
            threading.Thread(target=self._back, args=(far, near), daemon=True).start()

    def _out(self, near: socket.socket, far: socket.socket) -> None:
        with suppress(OSError):
            while data := near.recv(65536):
                if self.cut_before and data.startswith(self.cut_before):
                    break
                if self.cut_after and data.startswith(self.cut_after):
                    self._heard.clear()
                    near.shutdown(socket.SHUT_RDWR)  # our side is gone before the server can answer
                    far.sendall(data)
                    self._heard.wait(60)  # until it has answered all the same
                    break
                far.sendall(data)
        near.close()
        with suppress(OSError):
            far.shutdown(socket.SHUT_RDWR)
        far.close()

    def _back(self, far: socket.socket, near: socket.socket) -> None:
        with suppress(OSError):
            while data := far.recv(65536):
                self._heard.set()
                near.sendall(data)


@contextmanager
def wire_to(server: int) -> Iterator[Wire]:
    wire = Wire(server)
    try:
        yield wire
    finally:
        wire.close()
