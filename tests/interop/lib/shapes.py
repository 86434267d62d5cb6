"""Mastodon.py's own description of what its methods return, held against what they did return.

The library casts leniently: what does not fit its annotation stays as it came, or becomes None. `faults` walks a returned
value along the annotations and names each place where that happened, and each field that Mastodon 4.5 always sends and
this answer lacks (the annotations' docstrings say since when).
"""

import ast
import inspect
import re
import typing
from datetime import datetime
from functools import lru_cache

from mastodon import return_types, types_base

SINCE = (4, 5, 0)
NAMES = {**vars(types_base), **vars(return_types)}
# Fields the library expects of every entity, but Mastodon's serializers do not send there.
NOT_ALWAYS = {
    ("Status", "filtered"), ("Status", "pinned"), ("Status", "application"), ("Status", "favourited"), ("Status", "reblogged"),
    # Of the app that wrote a post only name and website are told.
    ("Application", "id"), ("Application", "vapid_key"), ("Application", "redirect_uri"), ("Application", "redirect_uris"),
    ("Application", "scopes"),
    # What is deleted comes with its source instead; the strict decoder sees to all others.
    ("Status", "content"),
    # Mastodon's name is rule_ids.
    ("Report", "rules_ids"),
}
# Their annotations name another entity than they return: the strict decoder alone judges these.
MISNAMED = {"filter_v2", "filters_apply"}


@lru_cache(maxsize=None)
def added():
    """(class, field): the version that brought the field, by the library's documentation."""
    found = {}
    for cls in ast.parse(inspect.getsource(return_types)).body:
        if not isinstance(cls, ast.ClassDef):
            continue
        for at, node in enumerate(cls.body[:-1]):
            said = cls.body[at + 1]
            if isinstance(node, ast.AnnAssign) and isinstance(said, ast.Expr) and isinstance(said.value, ast.Constant):
                text = str(said.value.value)
                since = re.search(r"\* (\d+)\.(\d+)\.(\d+): added", text)
                if since:
                    found[cls.name, node.target.id] = tuple(int(n) for n in since.groups())
                if "(optional)" in text:
                    found[cls.name, node.target.id] = (99,)
    return found


@lru_cache(maxsize=None)
def hints(of):
    return typing.get_type_hints(of, NAMES)


def returned(method):
    """What a method says it returns."""
    if method.__name__ in MISNAMED:
        return None
    said = inspect.signature(method).return_annotation
    return eval(said, NAMES) if isinstance(said, str) else said  # noqa: S307 -- the pinned library's own annotation


def faults(kind, value, at="it"):
    """Every place of `value` that is not of `kind`."""
    if isinstance(kind, (str, typing.ForwardRef)):
        kind = eval(kind if isinstance(kind, str) else kind.__forward_arg__, NAMES)  # noqa: S307
    if kind in (typing.Any, inspect.Signature.empty, None) or isinstance(kind, typing.TypeVar):
        return []
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Union:
        tried = [faults(one, value, at) for one in args]
        return min(tried, key=len)
    if kind is type(None):
        return [] if value is None else [f"{at} is {value!r}, not None"]
    if value is None:
        return [f"{at} is None"]
    if origin in (list, types_base.PaginatableList, types_base.NonPaginatableList):
        if not isinstance(value, list):
            return [f"{at} is no list: {value!r}"]
        return [fault for n, one in enumerate(value) for fault in faults(args[0] if args else typing.Any, one, f"{at}[{n}]")]
    if origin is tuple:
        return [fault for n, (k, one) in enumerate(zip(args, value)) for fault in faults(k, one, f"{at}[{n}]")]
    if origin is dict:
        return [fault for key, one in value.items() for fault in faults(args[1] if args else typing.Any, one, f"{at}.{key}")]
    if isinstance(kind, type) and issubclass(kind, types_base.AttribAccessDict) and kind is not types_base.AttribAccessDict:
        return fields(kind, value, at)
    if kind is float and isinstance(value, int):
        return []
    if kind is types_base.MaybeSnowflakeIdType and isinstance(value, (str, int)):
        return [] if str(value).isdigit() else [f"{at} is no id: {value!r}"]
    if isinstance(kind, type) and not isinstance(value, kind):
        return [f"{at} is {type(value).__name__}, not {kind.__name__}: {value!r}"]
    if kind is datetime and value.tzinfo is None and not at.endswith("last_status_at"):
        return [f"{at} has no time zone"]
    return []


def fields(kind, value, at):
    if not isinstance(value, kind):
        return [f"{at} is {type(value).__name__}, not {kind.__name__}"]
    wrong = []
    for field, of in hints(kind).items():
        if field.startswith("_"):
            continue
        optional = type(None) in typing.get_args(of)
        # The library fills in None for what did not come.
        if value.get(field) is not None:
            wrong += faults(of, value[field], f"{at}.{field}")
        elif not optional and added().get((kind.__name__, field), (0,)) <= SINCE and (kind.__name__, field) not in NOT_ALWAYS:
            wrong.append(f"{at}.{field} ({kind.__name__}) is missing or null")
    return wrong
