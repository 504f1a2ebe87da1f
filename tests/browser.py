"""A real browser, for tests of what people look at: Chromium through its DevTools protocol, over a pair of pipes."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

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

    def __init__(self, requests: int, answers: int) -> None:
        self.requests = os.fdopen(requests, "wb", buffering=0)
        self.answers = os.fdopen(answers, "rb", buffering=0)
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

    def open(self, page: Path, *, width: int, dark: bool = False, medium: str = "screen") -> None:
        """Load ``page`` afresh in a window of ``width`` pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=medium, features=[scheme])
        self.events.clear()
        self.call("Page.navigate", url=page.as_uri())
        self._wait_for("Page.loadEventFired")

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
    our_end, its_requests = os.pipe()[::-1]
    its_answers, our_answers = os.pipe()[::-1]
    # The browser speaks over its descriptors 3 and 4, and exec is how a shell gives a process such numbers.
    place = f'exec "$@" 3<&{its_requests} 4>&{its_answers}'
    child = subprocess.Popen(
        ["sh", "-c", place, "sh", executable, *_QUIET, f"--user-data-dir={profile}"],
        pass_fds=(its_requests, its_answers),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    os.close(its_requests)
    os.close(its_answers)
    browser = None
    try:
        browser = Browser(our_end, our_answers)
        yield browser
    finally:
        if browser is not None:
            browser.requests.close()
            browser.answers.close()
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
