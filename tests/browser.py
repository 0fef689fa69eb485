"""A page as a person has it: Debian's Chromium without a window, at any width, in both modes and on paper.

Belongs here: starting the browser and asking it. Does not belong here: what a page must be like (the tests).
"""

import base64
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Literal

import websocket

SECONDS = 60
QUIET = (
    "--headless",
    "--hide-scrollbars",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)
Mode = Literal["light", "dark"]


def program() -> str | None:
    """Where Chromium lies; None where it is not installed."""
    return shutil.which("chromium")


@dataclass(frozen=True)
class Tab:
    """The only tab, spoken to in the Chrome DevTools protocol."""

    socket: websocket.WebSocket
    numbers: Iterator[int]

    def open(self, page: Path, width: int, mode: Mode = "light", media: Literal["screen", "print"] = "screen") -> None:
        """Shows a file as wide as a screen of `width` CSS pixels."""
        features = [{"name": "prefers-color-scheme", "value": mode}]
        self._ask("Emulation.setEmulatedMedia", media=media, features=features)
        self._ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self._ask("Page.enable")
        self._ask("Page.navigate", url=page.as_uri())
        self._wait_for("Page.loadEventFired")

    def evaluate(self, script: str) -> Any:
        """The value of an expression of JavaScript in the page, waited for where it is a promise."""
        answer = self._ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def printed(self) -> bytes:
        """The page on A4 paper, as PDF."""
        return base64.b64decode(self._ask("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"])

    def picture(self) -> bytes:
        """The whole page, as PNG."""
        shot = self._ask("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (answer := json.loads(self.socket.recv())).get("id") != number:
            pass
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def _wait_for(self, event: str) -> None:
        while json.loads(self.socket.recv()).get("method") != event:
            pass


@contextmanager
def running(folder: Path) -> Iterator[Tab]:
    """A browser with an empty profile in `folder`, ended on leaving."""
    command = [program() or "chromium", *QUIET, f"--user-data-dir={folder}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        socket = websocket.create_connection(_address(folder / "DevToolsActivePort"), timeout=SECONDS)
        yield Tab(socket, count(1))
        socket.close()
    finally:
        process.terminate()
        process.wait(SECONDS)


def _address(file: Path) -> str:
    """Of the browser's tab, once it has written its port down."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        lines = file.read_text().splitlines() if file.exists() else []
        if len(lines) == 2:
            return _tab(int(lines[0]))
        time.sleep(0.05)
    raise TimeoutError(f"Chromium wrote no {file.name} in {SECONDS} s")


def _tab(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=SECONDS) as answer:
        return next(one["webSocketDebuggerUrl"] for one in json.load(answer) if one["type"] == "page")
