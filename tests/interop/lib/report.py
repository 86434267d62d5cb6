"""One printed line per asserted step and a count that `run` adds up: report.mjs for the parts written in Python."""

import os
import time
import traceback


class Failed(Exception):
    """What was expected did not hold."""


def check(holds, message, seen=None):
    """Raises with `message` and what was seen, unless `holds`."""
    if not holds:
        raise Failed(message if seen is None else f"{message}; seen: {seen!r}"[:1500])


def until(what, look, seconds=15):
    """The first truthy answer of `look`, asked again until `seconds` are over."""
    end, pause = time.monotonic() + seconds, 0.02
    while True:
        last = None
        try:
            last = look()
            if last:
                return last
        except Exception as error:  # noqa: BLE001 -- whatever it was, it may hold in a moment
            last = error
        if time.monotonic() > end:
            raise Failed(f"waited {seconds} s for {what}; last: {last!r}"[:1500])
        time.sleep(pause)
        pause = min(pause * 2, 0.4)


class Part:
    """A part named `name`: `step(title, work)` prints and counts, `close()` tells `run` the numbers."""

    def __init__(self, name):
        self.name, self.passed, self.failed = name, 0, 0

    def step(self, title, work):
        try:
            value = work()
        except Exception as error:  # noqa: BLE001 -- a failed step never stops the part
            self.failed += 1
            where = "" if isinstance(error, Failed) else f" [{type(error).__name__}, line {line_of(error)}]"
            said = str(error)[:1500].replace("\n", "\n        ")
            print(f"not ok  {self.name}: {title}\n        {said}{where}", flush=True)
            return None
        self.passed += 1
        print(f"ok      {self.name}: {title}", flush=True)
        return value

    def close(self):
        print(f"-- {self.name}: {self.passed} steps hold, {self.failed} do not", flush=True)
        if os.environ.get("INTEROP_RESULTS"):
            with open(os.environ["INTEROP_RESULTS"], "a", encoding="utf-8") as results:
                results.write(f"{self.name} {self.passed} {self.failed}\n")
        return 0 if self.failed == 0 else 1


def line_of(error):
    """The line of the part itself at which an error arose."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/interop/" in frame.filename and "/lib/" not in frame.filename]
    return frames[-1].lineno if frames else "?"
