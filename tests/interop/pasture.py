"""A small fediverse server with one actor that posts the odd objects of fediverse-pasture-inputs, on the test's word.

It lives at http://pasture-one-actor/ because the objects name that host. `python3 pasture.py CONTROL_PORT KEY_FILE`;
its control port answers POST /list, /send {"n": 0, "to": ACTOR_URI} and /state. It judges nothing: what an answer
means is for pasture.mjs to say. Deliveries are signed by the cavage draft with RSA-2048.
"""

import base64
import datetime
import hashlib
import json
import sys
import threading
import types
import urllib.error
import urllib.parse
import urllib.request
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

# The package imports one class for a type annotation from fediverse-pasture, with its database and web framework. An
# empty stand-in spares installing those.
for name in ("fediverse_pasture", "fediverse_pasture.runner", "fediverse_pasture.runner.entry"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["fediverse_pasture.runner.entry"].Entry = object
from fediverse_pasture_inputs import available  # noqa: E402

HOST = "pasture-one-actor"
ACTOR = f"http://{HOST}/actor"
AS2 = "application/activity+json"
CONTEXT = ["https://www.w3.org/ns/activitystreams", {"Hashtag": "as:Hashtag", "sensitive": "as:sensitive"}]
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAFklEQVR42mNgYPhPAmIY1TCqYfhqAACQ+f8B6q8FJAAAAABJRU5ErkJggg=="
)

followers, received = [], []


def key(path):
    """The actor's key, made once and kept in a file."""
    if not path.exists():
        made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            made.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    return serialization.load_pem_private_key(path.read_bytes(), None)


def inputs():
    """Every example of every family: its name, the word by which it is found again, and the Note it is laid over."""
    for family, data in sorted(available.items()):
        for number, example in enumerate(data.examples):
            name = f"{family}-{number:02}"
            yield {"name": name, "marker": f"zz{name.replace('_', '').replace('-', '')}zz", "example": example}


def marked(value, marker):
    return f"{value} {marker}" if isinstance(value, str) else value


def create(one, recipient, number):
    """The Create as the pasture's own runner makes it; a value of None stands for a missing property."""
    identifier = f"http://{HOST}/objects/{one['name']}"
    published = formatted(number)
    note = {
        "type": "Note",
        "attributedTo": ACTOR,
        "to": [PUBLIC],
        "cc": [f"{ACTOR}/followers"],
        "id": identifier,
        "published": published,
        **one["example"],
    }
    note["to"] = note["to"] + [recipient]
    if "content" in note:
        note["content"] = marked(note["content"], one["marker"])
    if "contentMap" in note:
        note["contentMap"] = {tag: marked(text, one["marker"]) for tag, text in note["contentMap"].items()}
    context = note.pop("@context", CONTEXT)
    note = {name: value for name, value in note.items() if value is not None}
    activity = {
        "@context": context,
        "type": "Create",
        "id": f"{identifier}/create",
        "actor": ACTOR,
        "to": note["to"],
        "cc": note["cc"],
        "published": published,
        "object": note,
    }
    return {name: value for name, value in activity.items() if value is not None}


def formatted(number):
    """A time a few minutes ago, later for each object, so that a home timeline shows them in order."""
    at = START + datetime.timedelta(milliseconds=500 * number)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def actor_document():
    public = KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return {
        "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
        "type": "Person",
        "id": ACTOR,
        "preferredUsername": "actor",
        "name": "Pasture",
        "inbox": f"{ACTOR}/inbox",
        "outbox": f"{ACTOR}/outbox",
        "followers": f"{ACTOR}/followers",
        "publicKey": {"id": f"{ACTOR}#main-key", "owner": ACTOR, "publicKeyPem": public.decode()},
    }


def documents(path):
    """What GET answers: (content type, body), or None."""
    if path == "/actor":
        return AS2, actor_document()
    if path.startswith("/assets/note"):
        name = path.removeprefix("/assets/").split(".")[0]
        note = {"@context": CONTEXT, "type": "Note", "id": f"http://{HOST}{path}", "attributedTo": ACTOR, "to": [PUBLIC]}
        return AS2, {**note, "content": f"This is {name}", "published": "2024-01-06T13:11:45Z"}
    if path.startswith("/objects/") and path.removeprefix("/objects/") in SENT:
        activity = SENT[path.removeprefix("/objects/")]
        return AS2, {"@context": activity.get("@context", CONTEXT), **activity["object"]}
    if path.startswith("/images/") or path in ("/assets/cow.jpg", "/assets/nlnet.png"):
        return "image/png", PNG
    return None


def sign(method, url, body):
    """The headers of a request signed now."""
    parts = urllib.parse.urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    headers = {"Host": parts.netloc, "Date": formatdate(usegmt=True)}
    names = ["(request-target)", "host", "date"]
    if body is not None:
        headers["Digest"] = "SHA-256=" + base64.b64encode(hashlib.sha256(body).digest()).decode()
        headers["Content-Type"] = AS2
        names += ["digest", "content-type"]
    values = {"(request-target)": f"{method.lower()} {target}", **{name.lower(): value for name, value in headers.items()}}
    text = "\n".join(f"{name}: {values[name]}" for name in names)
    made = base64.b64encode(KEY.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
    headers["Signature"] = (
        f'keyId="{ACTOR}#main-key",algorithm="rsa-sha256",headers="{" ".join(names)}",signature="{made}"'
    )
    return headers


def ask(method, url, document=None):
    """(answer code, text) of a signed request."""
    body = None if document is None else json.dumps(document, ensure_ascii=False).encode()
    request = urllib.request.Request(url, data=body, method=method, headers={"Accept": AS2, **sign(method, url, body)})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")


def inbox_of(actor, known={}):
    if actor not in known:
        known[actor] = json.loads(ask("GET", actor)[1])["inbox"]
    return known[actor]


def take(activity):
    """Keeps what arrived; a Follow is accepted at once."""
    received.append(activity)
    if activity.get("type") == "Follow":
        accept = {"@context": CONTEXT[0], "id": f"{ACTOR}/accepts/{len(received)}", "type": "Accept", "actor": ACTOR}
        code, text = ask("POST", inbox_of(activity["actor"]), {**accept, "object": activity})
        followers.append({"actor": activity["actor"], "answer": code, "text": text})


def control(path, wanted):
    if path == "/list":
        return [{"name": one["name"], "marker": one["marker"], "example": one["example"]} for one in ALL]
    if path == "/state":
        return {"followers": followers, "received": received}
    one = ALL[wanted["n"]]
    activity = create(one, wanted["to"], wanted["n"])
    SENT[one["name"]] = activity
    code, text = ask("POST", inbox_of(wanted["to"]), activity)
    return {"code": code, "text": text[:300], "id": activity["object"].get("id")}


class Handler(BaseHTTPRequestHandler):
    """The public door and the control port; which of them, the server's port tells."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/.well-known/webfinger":
            link = {"rel": "self", "type": AS2, "href": ACTOR}
            return self.say(200, "application/jrd+json", {"subject": f"acct:actor@{HOST}", "links": [link]})
        found = documents(url.path)
        return self.say(200, *found) if found else self.say(404, "text/plain", b"nothing here\n")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.server_port == CONTROL:
            return self.say(200, "application/json", control(self.path, json.loads(body or b"{}")))
        threading.Thread(target=take, args=(json.loads(body),), daemon=True).start()
        return self.say(202, "text/plain", b"")

    def say(self, code, kind, body):
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, form, *values):
        print(self.server.server_port, form % values, flush=True)


if __name__ == "__main__":
    START = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=10)
    CONTROL, KEY = int(sys.argv[1]), key(Path(sys.argv[2]))
    ALL, SENT = list(inputs()), {}
    threading.Thread(target=ThreadingHTTPServer(("127.0.0.1", 80), Handler).serve_forever, daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", CONTROL), Handler).serve_forever()
