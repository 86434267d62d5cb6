"""Starts the binary on a fresh folder, drives its command line, and lets apps in through the page an owner would see."""

import os
import re
import shutil
import subprocess
import time
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from bs4 import BeautifulSoup

from report import Failed, until

BIN = os.environ.get("HYTTE_BIN", "")


class Hytte:
    """A running hytte of `name@host:port`, on loopback."""

    def __init__(self, name, host, port, data):
        shutil.rmtree(data, ignore_errors=True)
        os.makedirs(data)
        self.name, self.host, self.data = name, f"{host}:{port}", data
        self.origin, self.handle = f"http://{self.host}", f"{name}@{host}:{port}"
        made = self._run(["init", self.handle, "--host", self.host, "--scheme", "http"])
        self._browser = requests.Session()
        with open(f"{data}.log", "w", encoding="utf-8") as log:
            words = [BIN, "serve", "--listen", f"127.0.0.1:{port}", "--allow-private"]
            self.process = subprocess.Popen(words, env=self._env(), stdout=log, stderr=log)
        until(f"{name}'s server", lambda: requests.get(f"{self.origin}/nodeinfo/2.1", timeout=5).ok, 20)
        self._browser.get(re.search(r"https?://\S+", made).group(), timeout=10).raise_for_status()

    def _env(self):
        return {**os.environ, "HYTTE_DATA": self.data}

    def _run(self, words, text=""):
        done = subprocess.run([BIN, *words], env=self._env(), input=text, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise Failed(f"hytte {' '.join(words)}: {done.stderr or done.stdout}")
        return done.stdout

    def cli(self, *words, text=""):
        return self._run(list(words), text)

    def token(self, scopes="read write follow push profile"):
        """A token by the command line."""
        return self.cli("token", "--scopes", scopes).split()[-1]

    def allow(self, url, decision="allow"):
        """Opens an app's way in as the owner's browser does, and decides; the query of the app's address, or its code."""
        page = self._browser.get(url, timeout=10)
        page.raise_for_status()
        form = BeautifulSoup(page.text, "html.parser").find("form", action=re.compile("/oauth/authorize"))
        if form is None:
            raise Failed(f"no form to let the app in at {page.url}: {page.text[:400]}")
        fields = {one["name"]: one.get("value", "") for one in form.find_all("input") if one.get("name")}
        fields["decision"] = decision
        answer = self._browser.post(
            urljoin(page.url, form["action"]), data=fields, allow_redirects=False, timeout=10,
            headers={"Origin": self.origin, "Referer": page.url},
        )
        where = answer.headers.get("Location")
        if where is None:
            shown = BeautifulSoup(answer.text, "html.parser").find(["code", "output"])
            if shown is None:
                raise Failed(f"neither a way back nor a code: {answer.status_code} {answer.text[:400]}")
            return shown.get_text().strip()
        return {name: values[0] for name, values in parse_qs(urlsplit(where).query).items()}

    def log(self, lines=20):
        with open(f"{self.data}.log", encoding="utf-8", errors="replace") as log:
            return "\n".join(log.read().splitlines()[-lines:])

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def settle(seconds=0.3):
    """A moment for what travels between two servers; only for what cannot be seen otherwise."""
    time.sleep(seconds)
