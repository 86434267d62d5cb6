"""toot, a client for the terminal, used as a person would: every command is its own process, judged by what it prints.

Its decoders are strict dataclasses: a field that is missing or of another type ends the command with an error.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))

from hytte import Hytte  # noqa: E402
from report import Failed, Part, check, until  # noqa: E402

WORK = os.environ["INTEROP_WORK"] + "/toot"
TOOT = str(Path(sys.executable).with_name("toot"))
part = Part("toot")


class Person:
    """Somebody at a terminal with toot and a folder of its own for it."""

    def __init__(self, house):
        self.house = house
        self.env = {**os.environ, "XDG_CONFIG_HOME": f"{WORK}/{house.name}-config", "COLUMNS": "100"}

    def log_in(self):
        """toot prints an address; the owner opens it, allows, and types the code it shows."""
        words = [TOOT, "login", "--instance", self.house.origin]
        toot = subprocess.Popen(words, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = ""
        while "/oauth/authorize" not in said:
            line = toot.stdout.readline()
            if not line:
                raise Failed(f"toot login ended: {said}")
            said += line
        url = re.search(r"http\S+/oauth/authorize\S+", said).group()
        out, _ = toot.communicate(f"n\n{self.house.allow(url)}\n", timeout=30)
        check("Successfully logged in" in out, "not logged in", said + out)

    def run(self, *words, text="", fails=False):
        done = subprocess.run([TOOT, *words], env=self.env, input=text, capture_output=True, text=True, timeout=60)
        said = done.stdout + done.stderr
        check((done.returncode != 0) == fails and "Traceback" not in said, f"toot {' '.join(words)}: {done.returncode}", said[-1500:])
        return said

    def json(self, *words):
        return json.loads(self.run(*words, "--json"))

    def step(self, *words, says=(), **how):
        """A command as a step: it ends well and prints these words."""
        def work():
            said = self.run(*words, **how)
            for word in [says] if isinstance(says, str) else says:
                check(word in said, f"it does not say “{word}”", said[-1200:])
            return said or True
        return part.step("toot " + " ".join(words)[:120], work)


def story(alice, bob, picture):
    name, friend = alice.house.name, bob.house.handle
    alice.step("auth", says=alice.house.host)
    alice.step("whoami", says=f"@{name}")
    alice.step("instance", says=["hytte", "4."])
    alice.step("update-account", "--display-name", "Alice at the terminal", "--language", "nb")
    alice.step("whoami", says="Alice at the terminal")
    alice.step("search", friend, "--resolve", says=friend)
    alice.step("whois", friend, says=friend)
    alice.step("follow", friend)
    bob.step("search", alice.house.handle, "--resolve")
    bob.step("follow", alice.house.handle)
    until("bob's follow", lambda: friend in alice.run("followers"))
    alice.step("followers", says=friend)
    alice.step("following", says=friend)

    first = part.step("toot post --json", lambda: alice.json("post", "The kettle is on #cabin", "-v", "public", "-l", "en"))
    alice.step("post", "A small secret", "-v", "private", "-s", "-p", "psst")
    alice.step("post", "With a picture", "-m", picture, "-d", "an orange square")
    alice.step("post", "Which way?", "--poll-option", "up", "--poll-option", "down", "--poll-expires-in", "1 day")
    alice.step("post", "Later", "--scheduled-in", "2 hours", says="scheduled")
    alice.step("upload", picture, "-d", "alone", says="http")
    alice.step("post", "nothing but " + "x" * 10_001, fails=True)
    alice.step("status", first["id"], says="kettle")
    alice.step("timelines", "home", "--no-pager", "--no-clear", says=["kettle", "small secret", "Which way?"])
    alice.step("timelines", "public", "--local", "--no-pager", "--no-clear", says="kettle")
    alice.step("timelines", "tag", "cabin", "--no-pager", "--no-clear", says="kettle")
    alice.step("timelines", "account", name, "--no-pager", "--no-clear", says="kettle")

    theirs = bob.json("post", f"@{alice.house.handle} The bridge is open", "-v", "public")
    there = until("bob's post", lambda: next(
        (s for s in alice.json("timelines", "home", "--no-pager") if s["uri"] == theirs["uri"]), None))
    reply = part.step("toot post --reply-to", lambda: alice.json("post", f"@{friend} I will come over", "-r", there["id"]))
    alice.step("thread", reply["id"], says=["bridge", "come over"])
    for verb, back, listed in [("favourite", "unfavourite", ["timelines", "favourites", "--no-pager", "--no-clear"]),
                               ("bookmark", "unbookmark", ["bookmarks"])]:
        alice.step(verb, there["id"])
        alice.step(*listed, says="bridge")
        alice.step(back, there["id"])
    alice.step("reblog", there["id"])
    alice.step("reblogged-by", there["id"], says=name)
    alice.step("unreblog", there["id"])
    alice.step("pin", first["id"])
    alice.step("unpin", first["id"])

    alice.step("lists", "create", "over the river")
    alice.step("lists", "list", says="over the river")
    alice.step("lists", "add", "over the river", friend)
    alice.step("lists", "accounts", "over the river", says=friend)
    alice.step("timelines", "list", "over the river", "--no-pager", "--no-clear", says="bridge")
    alice.step("lists", "remove", "over the river", friend)
    alice.step("lists", "delete", "over the river")

    known = until("alice's post at bob's", lambda: next(
        (s for s in bob.json("timelines", "home", "--no-pager") if s["uri"] == first["uri"]), None))
    bob.step("favourite", known["id"])
    bob.step("reblog", known["id"])
    until("bob's acts", lambda: {"favourite", "reblog"} <= {n["type"] for n in alice.json("notifications")})
    alice.step("notifications", says=["bridge", "kettle"])
    alice.step("notifications", "-t", "mention", says="bridge")
    polled = bob.json("post", "Tea?", "--poll-option", "yes", "--poll-option", "no")
    asked = until("bob's poll", lambda: next(
        (s for s in alice.json("timelines", "home", "--no-pager") if s["uri"] == polled["uri"]), None))
    alice.step("polls", "show", asked["poll"]["id"], says="yes")
    alice.step("polls", "vote", asked["poll"]["id"], "0")
    alice.step("tags", "follow", "valley")
    alice.step("tags", "followed", says="valley")
    alice.step("tags", "info", "cabin", says="cabin")
    alice.step("tags", "unfollow", "valley")
    alice.step("tags", "feature", "cabin")
    alice.step("tags", "featured", says="cabin")
    alice.step("tags", "unfeature", "cabin")
    alice.step("search", "kettle", "-t", "statuses", says=first["id"])

    def pages():
        for n in range(5):
            alice.run("post", f"Filler number {n}")
        said, before = [], []
        for _ in range(20):
            page = alice.json("timelines", "home", "--no-pager", "--limit", "2", *before)
            said += [status["content"] for status in page]
            if not page:
                break
            before = ["--max-id", page[-1]["id"]]
        for words in [f"Filler number {n}" for n in range(5)]:
            check(sum(words in one for one in said) == 1, f"“{words}” is not there once", said)
        check("kettle" in said[-1], "the first post is not the last", said)
    part.step("toot timelines home, page after page to the first post", pages)

    for verb, back, listed in [("mute", "unmute", "muted"), ("block", "unblock", "blocked")]:
        alice.step(verb, friend)
        alice.step(listed, says=friend)
        alice.step(back, friend)
    alice.step("unfollow", friend)
    alice.step("follow-requests", "list")
    alice.step("delete", first["id"])
    alice.step("status", first["id"], fails=True)
    alice.step("notifications", "--clear")
    alice.step("logout", f"{name}@{alice.house.host}")


def main():
    houses = [Hytte("alice", "hytte.test", 9001, f"{WORK}/alice"), Hytte("bob", "bob.test", 9002, f"{WORK}/bob")]
    picture = f"{WORK}/square.png"
    Path(picture).write_bytes(bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000080000000808020000004b6d29dc0000001149444154789c6378d6a38115310c2d09003ca0668138057b710000000049454e44ae426082"))
    try:
        alice, bob = Person(houses[0]), Person(houses[1])
        part.step("alice logs in, typing the code her page shows", alice.log_in)
        part.step("bob logs in", bob.log_in)
        part.step("all could be tried", lambda: story(alice, bob, picture))
        part.step("no server panicked", lambda: [check("panicked" not in house.log(100000), house.log()) for house in houses])
    finally:
        for house in houses:
            house.stop()
    return part.close()


sys.exit(main())
