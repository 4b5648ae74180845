"""Sessions in the database, under keys that the database can hold."""

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """A key from a cookie that is not made of ASCII letters and digits counts as none."""

    def _validate_session_key(self, key: str | None) -> bool:
        is_long_enough = super()._validate_session_key(key)  # type: ignore[misc]  # Django's own, untyped
        return bool(is_long_enough and key and key.isascii() and key.isalnum())
