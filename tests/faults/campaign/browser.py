"""What a browser does on the service's pages: sends a form, and hears an answer or none."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

SECONDS: Final = 120.0  # as long as browsers wait
TOKEN: Final = "faultsCampaignTokenOf32Character"  # any 32 letters, in the cookie and in the header

NO_ANSWER: Final = 0
FIRST_ADDRESS: Final = int(ip_address("10.0.0.1"))


@dataclass(frozen=True, slots=True)
class Answer:
    """Status (NO_ANSWER when nobody said anything) and the JSON, if it was that."""

    status: int
    body: dict[str, Any]


def resident_at(url: str, resident: int) -> "Browser":
    """The browser of that resident: each has a network of their own."""
    return Browser(url, str(ip_address(FIRST_ADDRESS + resident)))


class Browser:
    """Somebody at their own network address."""

    def __init__(self, url: str, network: str) -> None:
        self._host, self._network = urlsplit(url).netloc, network

    def send(self, path: str, form: Mapping[str, str], *, key: str = "") -> Answer:
        """Sends a form once, as a script of the page does."""
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"csrftoken={TOKEN}",
            "X-CSRFToken": TOKEN,
            "X-Forwarded-For": self._network,
        } | ({"Idempotency-Key": key} if key else {})
        line = http.client.HTTPConnection(self._host, timeout=SECONDS)
        try:
            line.request("POST", path, urlencode(form), headers)
            said = line.getresponse()
            text = said.read()
        except (OSError, http.client.HTTPException):
            return Answer(NO_ANSWER, {})
        finally:
            line.close()
        return Answer(said.status, _json(text))


def _json(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
