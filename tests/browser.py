"""A real browser, for tests of what people look at: Chromium through its DevTools protocol, over a pair of pipes."""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_QUIET = (
    "--headless",
    "--no-sandbox",  # the tests may run as root, and the pages are ours
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--no-first-run",
    "--remote-debugging-pipe",
)


def program() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One page of a browser."""

    def __init__(self, requests: IO[bytes], answers: IO[bytes]) -> None:
        self.requests = requests
        self.answers = answers
        self.numbers = itertools.count(1)
        self.received = b""
        self.events: list[dict[str, Any]] = []
        self.session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Network.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:  # noqa: ANN401 - as the protocol has it
        number = next(self.numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.requests.write(json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != number:
            self.events.append(answer)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def open(self, page: Path) -> None:
        """Load ``page`` afresh."""
        self.events.clear()
        self.call("Page.navigate", url=page.as_uri())
        self._wait_for("Page.loadEventFired")

    def look(self, *, width: int, dark: bool = False, medium: str = "screen") -> None:
        """Give the window ``width`` pixels, the colours that the user likes, and perhaps another medium."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=medium, features=[scheme])

    def ask(self, expression: str) -> Any:  # noqa: ANN401 - whatever the expression is
        """Return the value of a JavaScript expression."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def requested(self) -> list[str]:
        """Return what was fetched, or tried to be, since the page was opened."""
        sent = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]

    def picture(self) -> bytes:
        """Return the whole page as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"])

    def _wait_for(self, method: str) -> None:
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self._next())

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self.received:
            part = self.answers.read(1 << 20)
            assert part, "the browser has ended"
            self.received += part
        message, _, self.received = self.received.partition(b"\0")
        decoded: dict[str, Any] = json.loads(message)
        return decoded


@contextmanager
def started(executable: str, profile: Path) -> Iterator[Browser]:
    """Run a browser with an empty profile."""
    (its_requests, our_requests), (our_answers, its_answers) = os.pipe(), os.pipe()
    # It speaks over its descriptors 3 and 4, and a shell is the one who can give a process such numbers.
    spare = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (its_requests, its_answers)]
    place = f'exec "$@" 3<&{spare[0]} 4>&{spare[1]} {spare[0]}<&- {spare[1]}>&-'
    child = subprocess.Popen(
        ["bash", "-c", place, "bash", executable, *_QUIET, f"--user-data-dir={profile}"],
        pass_fds=spare,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    for end in (its_requests, its_answers, *spare):
        os.close(end)
    try:
        with (
            os.fdopen(our_requests, "wb", buffering=0) as requests,
            os.fdopen(our_answers, "rb", buffering=0) as answers,
        ):
            yield Browser(requests, answers)
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
