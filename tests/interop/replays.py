"""The first minute of six apps, request by request: Mammoth, Tusky, Ice Cubes, Mastodon for Android, Elk and Phanpy.

Their sources were read for which calls they make at log-in and on the first screen, and where they put the parameters:
query, form or JSON. The apps themselves do not run here; every answer passes the strict decoder (lib/strict.py), which
stands for theirs, and what one app alone insists on is checked beside its name.
"""

import base64
import hashlib
import json
import os
import re
import struct
import sys
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, urlencode

sys.path.insert(0, str(Path(__file__).parent / "lib"))

import requests  # noqa: E402
import websocket  # noqa: E402

import strict  # noqa: E402
from hytte import Hytte  # noqa: E402
from report import Part, check, until  # noqa: E402

WORK = os.environ["INTEROP_WORK"] + "/replays"
SCOPES = "read write follow push"
part = Part("replays")
# The closed list of Mammoth; one word more and its whole page of notifications is lost.
MAMMOTH = {"mention", "reblog", "favourite", "follow", "direct", "poll", "status", "update", "follow_request"}
PUSH = {
    "endpoint": "https://relay.example/push/1",
    "p256dh": "BEm_a0bdPDhf0SOsrnB2-ategf1hHoCnpXgQsFj5JCkcoMrMt2WHoPfEYOYPzOIs9mZE8ZUaD7VA5vouy0kEkr8",
    "auth": "eDxjmE4LCF2rHHo_ekHHeQ",
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class App:
    """One app with its token; `ask` sends a request exactly as written and holds the answer against the strict decoder."""

    def __init__(self, name, house):
        self.name, self.house, self.token = name, house, None
        self.headers = {}

    def ask(self, method, path, codes=(200,), **how):
        headers = {**self.headers, **how.pop("headers", {})}
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        answer = requests.request(method, self.house.origin + path, headers=headers, timeout=15, allow_redirects=False, **how)
        check(answer.status_code in codes, f"{method} {path} answered {answer.status_code}", answer.text[:300])
        wrong = strict.judge(answer)
        check(not wrong, str(wrong))
        return answer

    def step(self, method, path, codes=(200,), **how):
        """The same as a step; its JSON."""
        def work():
            answer = self.ask(method, path, codes, **how)
            return answer.json() if answer.content and "json" in answer.headers.get("Content-Type", "") else answer.text or True
        return part.step(f"{self.name}: {method} {path.split('?')[0]}", work)

    def log_in(self, redirect, apps, token, pkce=False):
        """Registers, is let in on the owner's page, exchanges the code; `apps` and `token` say where the parameters go."""
        fields = {"client_name": self.name, "redirect_uris": redirect, "scopes": SCOPES, "website": "https://app.example"}
        app = self.step("POST", *placed("/api/v1/apps", apps, fields)[:1], **placed("/api/v1/apps", apps, fields)[1])
        verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" + "a" * 8
        asked = {"response_type": "code", "client_id": app["client_id"], "redirect_uri": redirect, "scope": SCOPES}
        if pkce:
            digest = hashlib.sha256(verifier.encode()).digest()
            asked |= {"code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), "code_challenge_method": "S256"}
        back = part.step(f"{self.name}: the owner lets it in", lambda: self.house.allow(f"{self.house.origin}/oauth/authorize?{urlencode(asked)}"))
        fields = {"grant_type": "authorization_code", "code": back["code"], "client_id": app["client_id"],
                  "client_secret": app["client_secret"], "redirect_uri": redirect, "scope": SCOPES}
        if pkce:
            fields["code_verifier"] = verifier
        path, how = placed("/oauth/token", token, fields)
        self.token = self.step("POST", path, **how)["access_token"]


def placed(path, where, fields):
    """The request's path and arguments with the fields in the query, a form or JSON."""
    if where == "query":
        return f"{path}?{urlencode(fields, quote_via=quote)}", {"headers": FORM, "data": ""}
    return path, ({"json": fields} if where == "json" else {"data": fields})


def png(side=40):
    rows = b"".join(b"\0" + bytes([200, 120, 40]) * side for _ in range(side))
    chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def life(home, valley):
    """Something of every kind for the apps to read: pictures, polls, boosts, answers, letters, likes and follows."""
    alice, bob = App("alice", home), App("bob", valley)
    alice.token, bob.token = home.token(), valley.token()
    post = lambda who, **fields: who.ask("POST", "/api/v1/statuses", data=fields).json()
    # By `hytte fetch` and the page, so that this part does not hang on search.
    there = bob.ask("GET", f"/api/v2/search?q={quote(home.handle)}&resolve=true").json()["accounts"][0]
    here = alice.ask("GET", f"/api/v2/search?q={quote(valley.handle)}&resolve=true").json()["accounts"][0]
    bob.ask("POST", f"/api/v1/accounts/{there['id']}/follow")
    alice.ask("POST", f"/api/v1/accounts/{here['id']}/follow")
    until("both follow", lambda: (lambda r: r["following"] and r["followed_by"])(
        alice.ask("GET", f"/api/v1/accounts/relationships?id[]={here['id']}").json()[0]))
    media = alice.ask("POST", "/api/v2/media", files={"file": ("a.png", png(), "image/png")}, data={"description": "orange", "focus": "0.1,0.2"}).json()
    first = post(alice, status="With a picture #cabin", **{"media_ids[]": media["id"], "spoiler_text": "orange"})
    post(alice, status="Which?", **{"poll[options][]": ["a", "b"], "poll[expires_in]": "3600"})
    post(bob, status=f"@{home.handle} Good morning", visibility="unlisted")
    post(bob, status=f"@{home.handle} A letter", visibility="direct")
    known = until("alice's post at bob's", lambda: next(
        (s for s in bob.ask("GET", "/api/v1/timelines/home").json() if s["uri"] == first["uri"]), None))
    bob.ask("POST", f"/api/v1/statuses/{known['id']}/favourite")
    bob.ask("POST", f"/api/v1/statuses/{known['id']}/reblog")
    morning = until("bob's words", lambda: next(
        (s for s in alice.ask("GET", "/api/v1/timelines/home").json() if "morning" in s["content"]), None))
    alice.ask("POST", f"/api/v1/statuses/{morning['id']}/reblog")
    post(alice, status="And to you", in_reply_to_id=morning["id"])
    until("bob's acts", lambda: len(alice.ask("GET", "/api/v1/notifications").json()) >= 4)
    return bob


def listen(app, bob, url, subprotocol=None, subscribe=None, stream="user:notification"):
    """Opens the app's socket; bob's mention must come as a frame that Mammoth can decode."""
    sock = websocket.create_connection(
        f"ws://{app.house.host}{url}", timeout=15, subprotocols=[subprotocol] if subprotocol else None, origin="https://app.example")
    try:
        if subprotocol:
            told = sock.handshake_response.headers.get("sec-websocket-protocol")
            check(told == subprotocol, "browsers close a socket whose protocol is not echoed", told)
        if subscribe:
            sock.send(json.dumps({"type": "subscribe", **subscribe}))
        sock.ping("still there?")
        threading.Timer(0.6, lambda: bob.ask("POST", "/api/v1/statuses", data={
            "status": f"@{app.house.handle} heard by {app.name}", "visibility": "direct"})).start()
        while True:
            frame = json.loads(sock.recv())
            check(set(frame) == {"stream", "event", "payload"}, "a frame has three keys", list(frame))
            check(frame["stream"][0].startswith(stream.split(":")[0]) and isinstance(frame["payload"], str), "not Mammoth's frame", frame)
            if frame["event"] == "notification":
                wrong = strict.fits("Notification", json.loads(frame["payload"]), "payload")
                check(not wrong, str(wrong))
                return
    finally:
        sock.close()


def mammoth(home, bob):
    app = App("Mammoth", home)
    app.log_in("mammoth://addNewInstance", "form", "query")
    # It fetches all three together, and gives up unless all three succeed.
    with ThreadPoolExecutor(3) as hands:
        list(hands.map(lambda path: app.step("GET", path), ["/api/v1/accounts/verify_credentials", "/api/v1/preferences", "/api/v1/custom_emojis"]))
    for path in ["/api/v2/instance", "/api/v1/lists", "/api/v1/followed_tags", "/api/v1/timelines/home?limit=40"]:
        app.step("GET", path)
    seen = app.step("GET", "/api/v1/notifications?limit=40&exclude_types[]=admin.sign_up&exclude_types[]=admin.report")
    part.step("Mammoth: no notification is of a type it does not know", lambda: check(
        len(seen) > 3 and {n["type"] for n in seen} <= MAMMOTH, "there is", [n["type"] for n in seen]))
    app.step("GET", "/api/v1/conversations")
    part.step("Mammoth: its socket", lambda: listen(app, bob, f"/api/v1/streaming?type=subscribe&stream=user:notification&access_token={app.token}"))
    app.step("POST", "/api/v1/push/subscription", json={
        "subscription": {"endpoint": PUSH["endpoint"], "keys": {"p256dh": PUSH["p256dh"], "auth": PUSH["auth"]}},
        "data": {"alerts": {"favourite": True, "follow": True, "mention": True, "poll": True, "reblog": True}}, "policy": "all"})
    for _ in range(2):
        gone = app.step("DELETE", "/api/v1/push/subscription")
        part.step("Mammoth: {} or it asks ten times more", lambda: check(gone == {}, "not", gone))
    app.step("POST", "/api/v1/notifications/dismiss", data={"id": seen[-1]["id"]})


def tusky(home, _):
    app = App("Tusky", home)
    app.log_in("oauth2redirect://com.keylesspalace.tusky/", "form", "form")
    for path in ["/api/v1/accounts/verify_credentials", "/api/v1/announcements?with_dismissed=false", "/api/v2/instance",
                 "/api/v1/custom_emojis", "/api/v2/filters", "/api/v1/markers?timeline%5B%5D=home", "/api/v1/lists",
                 "/api/v2/notifications/policy", "/api/v1/follow_requests?limit=5"]:
        app.step("GET", path)
    pages(app, "/api/v1/timelines/home?limit=3")
    pages(app, "/api/v1/notifications?limit=2")
    app.step("POST", "/api/v1/markers", data={"home[last_read_id]": "113"})
    app.step("POST", "/api/v1/push/subscription", data={
        "subscription[endpoint]": PUSH["endpoint"], "subscription[keys][p256dh]": PUSH["p256dh"],
        "subscription[keys][auth]": PUSH["auth"], "data[alerts][mention]": "true"})
    app.step("DELETE", "/api/v1/domain_blocks", data={"domain": "nobody.example"})


def pages(app, path):
    """Follows `next` to the end: no entry twice, ids sorted by length and letters as Tusky does."""
    def work():
        ids, at = [], path
        for _ in range(60):
            answer = app.ask("GET", at)
            page = [one["id"] for one in answer.json()]
            check(page == sorted(page, key=lambda id: (len(id), id), reverse=True), "not the newest first", page)
            ids += page
            found = re.search(r'<https?://[^/]+([^>]+)>; rel="next"', answer.headers.get("Link", ""))
            if not found:
                break
            check(re.search(r"max_id=[0-9]+", found[1]), "Ice Cubes finds no max_id", found[1])
            at = found[1]
        check(len(ids) == len(set(ids)) > 2, "an entry twice, or too few", ids)
    part.step(f"{app.name}: pages of {path.split('?')[0]} to the end", work)


def ice_cubes(home, bob):
    app = App("Ice Cubes", home)
    instance = app.step("GET", "/api/v2/instance")
    part.step("Ice Cubes: the first three characters of the version are a number of 4.3 or more", lambda: check(
        float(instance["version"][:3]) >= 4.3, "not", instance["version"]))
    app.log_in("icecubesapp://", "json", "json")
    for path in ["/api/v1/accounts/verify_credentials", "/api/v1/lists", "/api/v1/followed_tags", "/api/v1/follow_requests",
                 "/api/v1/instance/peers", "/api/v1/preferences", "/api/v2/instance", "/api/v1/custom_emojis",
                 "/api/v1/markers?timeline[]=home&timeline[]=notifications", "/api/v1/timelines/home?limit=50", "/api/v2/filters",
                 "/api/v2/notifications?limit=60&grouped_types[]=favourite&grouped_types[]=follow&grouped_types[]=reblog&expand_accounts=full",
                 "/api/v2/notifications/policy", "/api/v1/trends/tags", "/api/v1/suggestions"]:
        app.step("GET", path)
    # What it posts with query items goes into the address.
    items = urlencode({
        "subscription[endpoint]": PUSH["endpoint"], "subscription[keys][p256dh]": PUSH["p256dh"], "subscription[keys][auth]": PUSH["auth"],
        "data[alerts][follow]": "true", "data[alerts][mention]": "true", "data[policy]": "all"})
    app.step("POST", f"/api/v1/push/subscription?{items}")
    part.step("Ice Cubes: its socket, the token as sub-protocol", lambda: listen(
        app, bob, "/api/v1/streaming", subprotocol=app.token, subscribe={"stream": "user"}, stream="user"))


def android(home, _):
    app = App("Mastodon for Android", home)
    instance = app.step("GET", "/api/v2/instance")
    level = part.step("Mastodon for Android: it finds PKCE and grouped notifications announced", lambda: (
        check(instance["api_versions"]["mastodon"] >= 7, "not", instance.get("api_versions")), 7)[1])
    app.log_in("mastodon-android-auth://callback", "json", "json", pkce=True)
    for path in ["/api/v1/accounts/verify_credentials", "/api/v1/custom_emojis", "/api/v1/filters", "/api/v1/preferences",
                 "/api/v1/markers?timeline[]=home&timeline[]=notifications", "/api/v1/lists", "/api/v1/followed_tags",
                 "/api/v1/timelines/home?limit=20", "/api/v1/notifications/policy", "/api/v1/notifications/requests",
                 "/api/v1/instance/extended_description"]:
        app.step("GET", path)
    if level:
        app.step("GET", "/api/v2/notifications/unread_count?types[]=mention&types[]=follow")
        app.step("GET", "/api/v2/notifications?limit=40&grouped_types[]=favourite&grouped_types[]=reblog&grouped_types[]=follow&expand_accounts=partial_avatars")
    app.step("GET", "/api/v1/donation_campaigns?seed=1", codes=(200, 204, 404))
    app.step("POST", "/api/v1/push/subscription", json={
        "subscription": {"endpoint": PUSH["endpoint"], "keys": {"auth": PUSH["auth"], "p256dh": PUSH["p256dh"]}, "standard": True},
        "data": {"alerts": {"mention": True, "follow": False}, "policy": "followed"}})


def preflight(app, method, path, headers="authorization,content-type"):
    def work():
        asked = {"Origin": "https://client.example", "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
        answer = requests.options(app.house.origin + path, headers=asked, timeout=10)
        check(answer.status_code in (200, 204) and answer.headers.get("Access-Control-Allow-Origin") == "*", "refused", answer.headers)
        allowed = answer.headers.get("Access-Control-Allow-Headers", "").lower()
        check(all(name in allowed for name in headers.split(",")) and method in answer.headers["Access-Control-Allow-Methods"], "not allowed", answer.headers)
    part.step(f"{app.name}: OPTIONS {path}", work)


def elk(home, bob):
    app = App("Elk", home)
    app.log_in(f"https://elk.zone/api/{home.host}/oauth/https%3A%2F%2Felk.zone", "json", "json")
    app.headers = {"Origin": "https://elk.zone"}
    for path in ["/api/v2/instance", "/api/v1/accounts/verify_credentials", "/api/v1/preferences", "/api/v1/custom_emojis",
                 "/api/v1/markers?timeline[]=notifications", "/api/v1/timelines/home?limit=30", "/api/v1/lists"]:
        preflight(app, "GET", path.split("?")[0])
        app.step("GET", path)
    part.step("Elk: its socket, the token as sub-protocol", lambda: listen(
        app, bob, "/api/v1/streaming", subprotocol=app.token, subscribe={"stream": "user"}, stream="user"))
    # A wiped server must say so in a way that makes Elk register again.
    part.step("Elk: an app the server has forgotten hears invalid_client", lambda: check(
        app.ask("POST", "/oauth/token", codes=(401,), json={"grant_type": "authorization_code", "client_id": "gone", "client_secret": "x",
                                                            "code": "x", "redirect_uri": "x"}).json()["error"] == "invalid_client", "not"))


def phanpy(home, bob):
    app = App("Phanpy", home)
    app.headers = {"Origin": "https://phanpy.social"}
    preflight(app, "POST", "/api/v1/apps", "content-type")
    preflight(app, "POST", "/oauth/token", "content-type")
    known = app.step("GET", "/.well-known/oauth-authorization-server")
    part.step("Phanpy: S256 is offered", lambda: check("S256" in known["code_challenge_methods_supported"], "not", known))
    app.log_in("https://phanpy.social/", "form", "form", pkce=True)
    for path in ["/api/v1/accounts/verify_credentials", "/api/v2/instance", "/.well-known/nodeinfo", "/nodeinfo/2.0", "/api/v1/preferences",
                 "/api/v1/timelines/home?limit=20", "/api/v1/lists", "/api/v1/followed_tags?limit=200", "/api/v2/filters",
                 "/api/v2/notifications?limit=40&expand_accounts=partial_avatars", "/api/v1/notifications?limit=40",
                 "/api/v1/markers?timeline[]=notifications", "/api/v1/announcements", "/api/v2/notifications/policy"]:
        app.step("GET", path)
    for path in ["/.well-known/nodeinfo", "/nodeinfo/2.0"]:
        part.step(f"Phanpy: {path} may be read from another site", lambda p=path: check(
            app.ask("GET", p).headers.get("Access-Control-Allow-Origin") == "*", "not"))
    part.step("Phanpy: its socket", lambda: listen(
        app, bob, f"/api/v1/streaming?access_token={app.token}", subscribe={"stream": "user:notification"}))


def main():
    home, valley = Hytte("alice", "hytte.test", 9001, f"{WORK}/alice"), Hytte("bob", "bob.test", 9002, f"{WORK}/bob")
    try:
        bob = part.step("there is something to read", lambda: life(home, valley))
        if bob is None:
            bob = App("bob", valley)
            bob.token = valley.token()
        for replay in [mammoth, tusky, ice_cubes, android, elk, phanpy]:
            def whole():
                replay(home, bob)
            part.step(f"{replay.__name__}: to the end", whole)
        part.step("no server panicked", lambda: [check("panicked" not in h.log(100000), h.log()) for h in (home, valley)])
    finally:
        home.stop()
        valley.stop()
    return part.close()


sys.exit(main())
