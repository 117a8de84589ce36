"""A TCP proxy that stands between a client and a broker, to stall the link, to cut it in mid-frame, or to refuse."""

import socket
import struct
import threading
from contextlib import suppress

CHUNK = 65536
"""Bytes passed on at once."""


class Link:
    """One client's way to the broker; a thread for each direction passes on what comes."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.ends = (client, server)
        self.flowing = threading.Event()
        self.flowing.set()
        self.cutting = False
        ways = ((client, server), (server, client))
        self.threads = [threading.Thread(target=self._pass_on, args=way, daemon=True) for way in ways]
        for thread in self.threads:
            thread.start()

    def close(self) -> None:
        """End it with a reset, as a pulled plug's successor does; both threads end."""
        self.flowing.set()
        for end in self.ends:
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.shutdown(socket.SHUT_RDWR)  # which wakes the thread that reads it
            end.close()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(CHUNK):
                self.flowing.wait()
                if self.cutting:
                    target.sendall(chunk[:-3])  # a frame's last octets are missing
                    break
                target.sendall(chunk)
        self.close()


class Proxy:
    """Listens on a port of 127.0.0.1 and links each client to the broker's port."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.links: list[Link] = []
        self.port = 0
        self._lock = threading.Lock()
        self.accept()

    def accept(self) -> None:
        """Let clients in, on the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, args=(self._listener,), daemon=True)
        self._thread.start()

    def refuse(self) -> None:
        """End all links, and let no client in."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for link in self._taken():
            link.close()
            for thread in link.threads:
                thread.join()

    def stall(self) -> None:
        """Pass nothing on any more on today's links, and close none; later ones flow."""
        for link in self._all():
            link.flowing.clear()

    def cut(self) -> None:
        """End each of today's links in the middle of the next frame that it carries."""
        for link in self._all():
            link.cutting = True

    def _all(self) -> list[Link]:
        with self._lock:
            return list(self.links)

    def _taken(self) -> list[Link]:
        with self._lock:
            taken, self.links = self.links, []
        return taken

    def _serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self.target))
                except OSError:
                    client.close()
                    continue
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self.links.append(Link(client, server))
