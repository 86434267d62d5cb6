"""A small fediverse server with two actors whose signatures and proofs are made and judged by the apsig library.

It lives at http://apsig.test/; `python3 apsig_peer.py CONTROL_PORT`. Its control port answers POST /send {"as": NAME,
"to": INBOX, "activity": {...}, "by": NAME, "prove": true}: `as` signs the request, `by` (else `as`) is the activity's
actor and signs the proof; and /state: everything received, each with what apsig says of its signature and proof. A
Follow is accepted at once. It judges nothing else: what an answer means is for apsig.mjs to say.
"""

import copy
import datetime
import json
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from apsig import KeyUtil, ProofSigner, ProofVerifier
from apsig.draft.sign import Signer
from apsig.draft.verify import Verifier
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

HOST = "apsig.test"
AS2 = "application/activity+json"
CONTEXT = ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v1"]
PEOPLE = ("ola", "eva")

keys = {name: rsa.generate_private_key(public_exponent=65537, key_size=2048) for name in PEOPLE}
proof_keys = {name: ed25519.Ed25519PrivateKey.generate() for name in PEOPLE}
objects, received = {}, []


def url(path):
    return f"http://{HOST}{path}"


def actor(name):
    return url(f"/users/{name}")


def actor_document(name):
    me = actor(name)
    pem = keys[name].public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    multibase = KeyUtil(proof_keys[name].public_key()).encode_multibase()
    return {
        "@context": [*CONTEXT[:1], "https://w3id.org/security/v1", "https://w3id.org/security/multikey/v1"],
        "type": "Person",
        "id": me,
        "preferredUsername": name,
        "name": name.capitalize(),
        "inbox": f"{me}/inbox",
        "outbox": f"{me}/outbox",
        "followers": f"{me}/followers",
        "following": f"{me}/following",
        "publicKey": {"id": f"{me}#main-key", "owner": me, "publicKeyPem": pem.decode()},
        "assertionMethod": [
            {"id": f"{me}#ed25519-key", "type": "Multikey", "controller": me, "publicKeyMultibase": multibase}
        ],
    }


def get(address):
    headers = {"Accept": AS2, "Host": address.split("/")[2]}
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=10) as answer:
        return json.load(answer)


def post(name, inbox, activity):
    """Delivers, signed by apsig; what came back."""
    body = json.dumps(activity).encode()
    headers = Signer(
        headers={"Content-Type": AS2}, private_key=keys[name], method="POST", url=inbox, key_id=f"{actor(name)}#main-key", body=body
    ).sign()
    headers.pop("Authorization", None)
    request = urllib.request.Request(inbox, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return {"code": answer.status, "text": answer.read().decode()}
    except urllib.error.HTTPError as refused:
        return {"code": refused.code, "text": refused.read().decode()}


def proven(name, activity):
    options = {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "verificationMethod": f"{actor(name)}#ed25519-key",
        "proofPurpose": "assertionMethod",
        "created": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return ProofSigner(proof_keys[name]).sign(activity, options)


def judged(path, headers, body, activity):
    """What apsig says of the request's signature and of the activity's proof: the key's id, None, or the failure."""
    sender = get(activity["actor"])
    try:
        signature = Verifier(
            sender["publicKey"]["publicKeyPem"], "POST", url(path), dict(headers), body
        ).verify(raise_on_fail=True)
    except Exception as failure:  # whatever the library says is the verdict
        signature = f"failed: {failure!r}"
    proof = None
    if "proof" in activity:
        wanted = activity["proof"]["verificationMethod"]
        listed = {key["id"]: key["publicKeyMultibase"] for key in sender.get("assertionMethod", [])}
        try:
            proof = ProofVerifier(listed[wanted]).verify(copy.deepcopy(activity), raise_on_fail=True)
        except Exception as failure:
            proof = f"failed: {failure!r}"
    return {"path": path, "activity": activity, "signature": signature, "proof": proof}


def take(path, headers, body):
    activity = json.loads(body)
    received.append(judged(path, headers, body, activity))
    if activity["type"] == "Follow":
        name = activity["object"].rsplit("/", 1)[1]
        accept = {"@context": CONTEXT, "id": url(f"/accepts/{len(received)}"), "type": "Accept", "actor": actor(name)}
        post(name, get(activity["actor"])["inbox"], {**accept, "object": activity})


def control(path, asked):
    if path == "/state":
        return {"received": received}
    author = asked.get("by", asked["as"])
    activity = {"@context": CONTEXT, "actor": actor(author), **asked["activity"]}
    inner = activity.get("object")
    if isinstance(inner, dict) and activity["type"] in ("Create", "Update"):
        objects[inner["id"].removeprefix(url(""))] = {"@context": CONTEXT, **inner}
    if asked.get("prove"):
        activity = proven(author, activity)
    if asked.get("spoil"):
        activity["object"]["content"] += " (changed on the way)"
    return post(asked["as"], asked["to"], activity)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        for name in PEOPLE:
            if self.path == f"/users/{name}":
                return self.say(200, AS2, actor_document(name))
            if self.path.startswith("/.well-known/webfinger") and f"acct:{name}@{HOST}" in self.path.replace("%3A", ":").replace("%40", "@"):
                link = {"rel": "self", "type": AS2, "href": actor(name)}
                return self.say(200, "application/jrd+json", {"subject": f"acct:{name}@{HOST}", "links": [link]})
        found = objects.get(self.path)
        return self.say(200, AS2, found) if found else self.say(404, "text/plain", b"nothing here\n")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.server_port == CONTROL:
            return self.say(200, "application/json", control(self.path, json.loads(body or b"{}")))
        threading.Thread(target=take, args=(self.path, self.headers, body), daemon=True).start()
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
    CONTROL = int(sys.argv[1])
    threading.Thread(target=ThreadingHTTPServer(("127.0.0.1", 80), Handler).serve_forever, daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", CONTROL), Handler).serve_forever()
