"""What of a contract a new one breaks: for clients that were written by the old one."""

from collections.abc import Iterator, Mapping
from typing import Any

Contract = Mapping[str, Any]
_METHODS = ("get", "post", "put", "patch", "delete")
# type → what else a client of the old one could send or read
_NUMBERS = {("integer", "number")}


def breaking(old: Contract, new: Contract) -> list[str]:
    """Each change that breaks a client, in words that name the operation and the field."""
    return list(dict.fromkeys(_breaking(old, new)))


def _breaking(old: Contract, new: Contract) -> Iterator[str]:
    for path, operations in old["paths"].items():
        there = new["paths"].get(path)
        if there is None:
            yield f"{path}: the path is gone"
            continue
        for method in _METHODS:
            if method not in operations:
                continue
            where = f"{method.upper()} {path}"
            if method not in there:
                yield f"{where}: the operation is gone"
                continue
            yield from _Comparison(old, new, where).operation(operations[method], there[method])


class _Comparison:
    """One operation of both."""

    def __init__(self, old: Contract, new: Contract, where: str) -> None:
        self.old, self.new, self.where = old, new, where
        self.seen: set[tuple[str, str, bool]] = set()

    def operation(self, was: Contract, now: Contract) -> Iterator[str]:
        yield from self.parameters(was.get("parameters", ()), now.get("parameters", ()))
        yield from self.body(was.get("requestBody"), now.get("requestBody"))
        if _needs_a_key(now) and not _needs_a_key(was):
            yield f"{self.where}: a key is needed now"
        for status, answer in was.get("responses", {}).items():
            if status.startswith("2"):
                yield from self.answer(status, answer, now.get("responses", {}).get(status))

    def parameters(self, was: Any, now: Any) -> Iterator[str]:
        before = {(one["in"], one["name"]): one for one in was}
        after = {(one["in"], one["name"]): one for one in now}
        for key, one in before.items():
            name = f"{self.where}: {key[0]} parameter “{key[1]}”"
            if key not in after:
                yield f"{name} is gone"
                continue
            yield from self.narrower(one.get("schema", {}), after[key].get("schema", {}), name)
            if after[key].get("required") and not one.get("required"):
                yield f"{name} must be there now"
        for key, one in after.items():
            if key not in before and one.get("required"):
                yield f"{self.where}: {key[0]} parameter “{key[1]}” is new and must be there"

    def body(self, was: Contract | None, now: Contract | None) -> Iterator[str]:
        if now is None or was is None:
            if now is not None and now.get("required"):
                yield f"{self.where}: a body must be sent now"
            if was is not None and now is None:
                yield f"{self.where}: the body is gone"
            return
        for kind, content in was.get("content", {}).items():
            there = now.get("content", {}).get(kind)
            if there is None:
                yield f"{self.where}: a body of {kind} is taken no more"
                continue
            yield from self.narrower(content.get("schema", {}), there.get("schema", {}), f"{self.where}: body")

    def answer(self, status: str, was: Contract, now: Contract | None) -> Iterator[str]:
        if now is None:
            yield f"{self.where}: the answer {status} is gone"
            return
        for kind, content in was.get("content", {}).items():
            there = now.get("content", {}).get(kind)
            if there is None:
                yield f"{self.where}: the answer {status} is {kind} no more"
                continue
            yield from self.wider(content.get("schema", {}), there.get("schema", {}), f"{self.where}: answer")

    def narrower(self, was: Contract, now: Contract, where: str) -> Iterator[str]:
        """What was good to send and is not any more."""
        was, now, is_new = self.both(was, now, is_sent=True)
        if not is_new:
            return
        if "type" in now and now["type"] != was.get("type") and (was.get("type"), now["type"]) not in _NUMBERS:
            yield f"{where} must be {now['type']}, was {was.get('type', 'anything')}"
        if "enum" in now and (gone := _values(was) - _values(now) if "enum" in was else {"anything"}):
            yield f"{where} takes no more: {', '.join(sorted(map(str, gone)))}"
        if was.get("nullable") and not now.get("nullable"):
            yield f"{where} may not be null any more"
        yield from _narrower_limits(was, now, where)
        yield from self.narrower_fields(was, now, where)
        if "items" in was and "items" in now:
            yield from self.narrower(was["items"], now["items"], f"{where}[]")

    def narrower_fields(self, was: Contract, now: Contract, where: str) -> Iterator[str]:
        fields = now.get("properties", {})
        for name, field in was.get("properties", {}).items():
            if field.get("readOnly"):
                continue
            if name not in fields:
                yield f"{where}.{name} is taken no more"
            else:
                yield from self.narrower(field, fields[name], f"{where}.{name}")
        for name in sorted(set(now.get("required", ())) - set(was.get("required", ()))):
            if not fields.get(name, {}).get("readOnly"):
                yield f"{where}.{name} must be there now"

    def wider(self, was: Contract, now: Contract, where: str) -> Iterator[str]:
        """What a client reads and is not there any more, or may be something else now. New values of an enum may appear
        at any time: docs/api.md says so."""
        was, now, is_new = self.both(was, now, is_sent=False)
        if not is_new:
            return
        if "type" in was and now.get("type") != was["type"] and (now.get("type"), was["type"]) not in _NUMBERS:
            yield f"{where} is {now.get('type', 'anything')}, was {was['type']}"
        if now.get("nullable") and not was.get("nullable"):
            yield f"{where} may be null now"
        for name, field in was.get("properties", {}).items():
            if name not in now.get("properties", {}):
                yield f"{where}.{name} is gone"
            else:
                yield from self.wider(field, now["properties"][name], f"{where}.{name}")
        for name in sorted(set(was.get("required", ())) - set(now.get("required", ()))):
            if name in now.get("properties", {}):
                yield f"{where}.{name} is not always there any more"
        if "items" in was and "items" in now:
            yield from self.wider(was["items"], now["items"], f"{where}[]")

    def both(self, was: Contract, now: Contract, *, is_sent: bool) -> tuple[Contract, Contract, bool]:
        """Both without references; False for a pair of names that was compared before."""
        pair = (str(was.get("$ref", "")), str(now.get("$ref", "")), is_sent)
        is_new = not (pair[0] and pair[1]) or pair not in self.seen
        self.seen.add(pair)
        return _resolved(was, self.old), _resolved(now, self.new), is_new


def _resolved(schema: Contract, contract: Contract) -> Contract:
    """Without references; what stands beside one, or in a single allOf, belongs to it."""
    found: Contract = schema
    while "$ref" in found or len(found.get("allOf", ())) == 1:
        if "$ref" in found:
            name = str(found["$ref"]).rpartition("/")[2]
            inner: Contract = contract["components"]["schemas"][name]
        else:
            inner = found["allOf"][0]
        found = {**inner, **{key: value for key, value in found.items() if key not in {"$ref", "allOf"}}}
    return found


def _values(schema: Contract) -> set[Any]:
    return set(schema["enum"])


def _narrower_limits(was: Contract, now: Contract, where: str) -> Iterator[str]:
    for limit, sign in (("maxLength", -1), ("maxItems", -1), ("maximum", -1), ("minLength", 1), ("minimum", 1)):
        if limit in now and (limit not in was or sign * (now[limit] - was[limit]) > 0):
            yield f"{where} has a narrower {limit}: {now[limit]}"


def _needs_a_key(operation: Contract) -> bool:
    security = operation.get("security", [{}])
    return bool(security) and {} not in security
