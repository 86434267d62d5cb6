"""The strict decoder of tests/strict/entities.json for drivers in Python: what no client could read is a fault.

Every rule stands in that file; tests/strict/mod.rs reads it likewise.
"""

import json
import re
from pathlib import Path

BOOK = json.loads((Path(__file__).parents[2] / "strict" / "entities.json").read_text(encoding="utf-8"))
ENTITIES, ROUTES = BOOK["entities"], BOOK["routes"]
URL = re.compile(r"https?://[^/\s<>\"{}|\\^`][!#-;=?-\[\]_a-z~]*")
PLAIN = {
    "any": lambda v: True,
    "null": lambda v: v is None,
    "bool": lambda v: isinstance(v, bool),
    "int": lambda v: isinstance(v, int) and not isinstance(v, bool) and v >= 0,
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "text": lambda v: isinstance(v, str),
    "word": lambda v: isinstance(v, str) and v != "",
    "id": lambda v: isinstance(v, str) and re.fullmatch(r"[1-9][0-9]{0,18}", v) is not None,
    "digits": lambda v: isinstance(v, str) and re.fullmatch(r"[0-9]+", v) is not None,
    "url": lambda v: isinstance(v, str) and URL.fullmatch(v) is not None,
    "uri": lambda v: isinstance(v, str) and re.fullmatch(r"[^:]+:.+", v, re.S) is not None,
    "time": lambda v: isinstance(v, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", v) is not None,
    "date": lambda v: isinstance(v, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", v) is not None,
}


def fields(name):
    """The fields of an entity, inherited ones too."""
    own = ENTITIES[name]
    return {**(fields(own["<"]) if "<" in own else {}), **{k: t for k, t in own.items() if k != "<"}}


def fits(kind, value, at):
    """None, or what is wrong and where."""
    if "/" in kind:
        wrong = [fits(one, value, at) for one in kind.split("/")]
        return None if None in wrong else "; or: ".join(wrong)
    if kind.endswith("|null"):
        return None if value is None else fits(kind[:-5], value, at)
    wrong = f"{at} must be {kind}, not {json.dumps(value)[:200]}"
    if kind.startswith("["):
        inner = kind[1:-1].removeprefix("!")
        if not isinstance(value, list) or (kind.startswith("[!") and not value):
            return wrong
        return next(filter(None, (fits(inner, one, f"{at}[{n}]") for n, one in enumerate(value))), None)
    if kind.startswith("{"):
        if not isinstance(value, dict):
            return wrong
        return next(filter(None, (fits(kind[1:-1], one, f"{at}.{key}") for key, one in value.items())), None)
    if kind.startswith("="):
        return None if value in kind[1:].split(",") else wrong
    if kind in PLAIN:
        return None if PLAIN[kind](value) else wrong
    if isinstance(ENTITIES[kind], str):
        return fits(ENTITIES[kind], value, at)
    return whole(kind, value, at) if isinstance(value, dict) else wrong


def whole(kind, value, at):
    known = fields(kind)
    owners = any(field in value for field, of in known.items() if of.startswith("+"))
    for field, of in known.items():
        needed = owners if of.startswith("+") else of[0] not in "?-"
        if field not in value:
            if needed:
                return f"{at}.{field} is missing"
        elif of == "-":
            return f"{at}.{field} must not come here"
        elif wrong := fits(of.lstrip("?+"), value[field], f"{at}.{field}"):
            return wrong
    return next((f"{at}.{key} is not a field of {kind}" for key in value if key not in known), None)


def expected(method, path):
    """The type a route answers; None for one nobody described."""
    def matches(pattern):
        wanted, parts = pattern.split("/"), path.split("/")
        return len(wanted) == len(parts) and all(w == p or (w == "{}" and p) for w, p in zip(wanted, parts))

    found = [route for route in ROUTES if route.startswith(f"{method} ") and matches(route.split(" ", 1)[1])]
    return ROUTES[min(found, key=lambda route: route.count("{}"))] if found else None


def judge(answer):
    """What is wrong with an answer of `requests`; None when every client can read it."""
    method, path = answer.request.method, re.sub(r"https?://[^/]+", "", answer.url).split("?")[0].rstrip("/")
    kind = expected(method, path)
    if method in ("HEAD", "OPTIONS") or "/streaming" in path or not (path.startswith("/api/") or kind):
        return None
    if answer.headers.get("Content-Type") != "application/json; charset=utf-8":
        return f"{method} {path}: the content type is {answer.headers.get('Content-Type')}"
    if answer.status_code >= 400:
        kind = "Error"
    if kind is None:
        return f"{method} {path} answers {answer.status_code}, but nobody described it"
    wrong = fits(kind, answer.json(), "answer")
    return wrong and f"{method} {path}: {wrong}"
