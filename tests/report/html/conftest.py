"""A browser that pages are opened in: what it refused, what it was told, and clicks."""

import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from select import select
from typing import Any

import pytest

# Seconds that an answer may take; the machine may be busy.
_PATIENCE = 60.0


class Browser:
    """Chromium, told what to do through two pipes in its DevTools protocol: JSON with a zero at the end."""

    def __init__(self, program: str, folder: Path) -> None:
        (their_in, ours_out), (ours_in, their_out) = os.pipe(), os.pipe()

        def hand_over() -> None:
            # Chromium reads what it is told from 3 and answers on 4.
            ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (their_in, their_out)]
            for place, end in zip((3, 4), ends, strict=True):
                os.dup2(end, place)

        options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe"]
        self._process = subprocess.Popen(
            [program, *options, f"--user-data-dir={folder}"],
            pass_fds=(3, 4), preexec_fn=hand_over, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(their_in)
        os.close(their_out)
        self._in, self._out = ours_in, ours_out
        self._left, self._number, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._in)
        os.close(self._out)

    def call(self, method: str, **params: Any) -> Any:
        self._number += 1
        asked: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            asked["sessionId"] = self._session
        os.write(self._out, json.dumps(asked).encode() + b"\0")
        while True:
            said = self._next()
            if said.get("id") == self._number:
                assert "error" not in said, said
                return said["result"]
            self.events.append(said)

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + _PATIENCE
        while b"\0" not in self._left:
            ready, _, _ = select([self._in], [], [], max(0.0, until - time.monotonic()))
            more = os.read(self._in, 1 << 20) if ready else b""
            assert more, "the browser says nothing"
            self._left += more
        whole, _, self._left = self._left.partition(b"\0")
        answer: dict[str, Any] = json.loads(whole)
        return answer

    def open(self, page: Path, *, width: int = 1200, dark: bool = False) -> None:
        """Open a file in a tab of its own, and wait until it is loaded."""
        self._session, self.events = "", []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for room in ("Log", "Runtime", "Page", "Network"):
            self.call(f"{room}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1,
                  mobile=False)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.events = []
        self.call("Page.navigate", url=page.absolute().as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._next())
        # What images and scripts that are refused have to say comes after that.
        self.run("new Promise((done) => setTimeout(done, 100))")

    def run(self, script: str) -> Any:
        """The value of a script in the page; of a promise that of its end."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, condition: str, *, told: str = "") -> None:
        """Wait until a script gives true and the console shows a word."""
        until = time.monotonic() + _PATIENCE
        while not (self.run(condition) and any(told in line for line in [*self.complaints, ""])):
            assert time.monotonic() < until, (condition, told, self.complaints)
            time.sleep(0.05)

    @property
    def complaints(self) -> list[str]:
        """What the console shows: violations of the policy, errors of scripts, what could not be loaded."""
        told = []
        for event in self.events:
            about = event.get("params", {})
            if event["method"] == "Log.entryAdded":
                told.append(about["entry"]["text"])
            elif event["method"] == "Runtime.exceptionThrown":
                told.append(about["exceptionDetails"]["text"])
            elif event["method"] in ("Runtime.consoleAPICalled", "Page.javascriptDialogOpening"):
                told.append(json.dumps(about))
        return told

    @property
    def requests(self) -> list[str]:
        """The addresses of what was asked for, beside what the page brings along."""
        asked = [
            e["params"]["request"]["url"] for e in self.events if e["method"] == "Network.requestWillBeSent"
        ]
        return [address for address in asked if not address.startswith("data:")]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("there is no Chromium to open the page in")
    opened = Browser(program, tmp_path_factory.mktemp("browser"))
    yield opened
    opened.close()
