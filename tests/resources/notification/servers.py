"""Places to which notices go, on real sockets: those that take them, and those that don't.

Belongs here: small servers, each in a thread. Does not belong here: what a test expects of them.
"""

import json
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler


class Hook(BaseHTTPRequestHandler):
    """Takes notices; refuses all under /refuses, and those that hold `poison`."""

    taken: list[str]

    def do_POST(self) -> None:
        text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"]
        if self.path.startswith("/refuses"):
            self.send_error(403)
        elif "poison" in text:
            self.send_error(500)
        else:
            self.taken.append(text)
            self.send_response(200)
            self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Mailbox(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as a message needs."""

    letters: list[str]

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            command = line.split()[0].upper()
            if command == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self.letters.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
            self.wfile.write(b"221 bye\r\n" if command == b"QUIT" else b"250 fine\r\n")
            if command == b"QUIT":
                return


class Silent(socketserver.BaseRequestHandler):
    """Takes the connection, and says nothing."""

    def handle(self) -> None:
        time.sleep(120)


class Dripping(socketserver.BaseRequestHandler):
    """Sends a byte every second: no pause is long, and there is no end."""

    def handle(self) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-" + bytes([120]) * 120:
            self.request.sendall(bytes([byte]))
            time.sleep(1)


class DrippingMail(socketserver.BaseRequestHandler):
    """The same, as a mail server."""

    def handle(self) -> None:
        for byte in b"220-" + bytes([120]) * 120:
            self.request.sendall(bytes([byte]))
            time.sleep(1)


class Server(socketserver.ThreadingTCPServer):
    """Waits for none of its threads when it ends."""

    daemon_threads, block_on_close = True, False


@contextmanager
def serving(handler: type[socketserver.BaseRequestHandler]) -> Iterator[int]:
    """A server of this machine; its port."""
    with Server(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()
