"""The mapper by which answers in XML are validated lets nothing through that JSON would show."""

from typing import Any

import pytest

from tests.issues.open311 import schemas
from tests.issues.open311.checked import look_at
from tests.issues.open311.xml_answers import NotStrictError, told_in

HEAD = "<?xml version='1.0' encoding='utf-8'?>\n"
TOKEN = (
    "<service_requests><request><token>t</token><service_request_id>1</service_request_id></request></service_requests>"
)
SERVICE = "<service_code>a</service_code><service_name>A</service_name><type>realtime</type>"


def read(body: str, root: str = "service_requests", schema: Any = schemas.TOKEN) -> Any:
    return told_in((HEAD + body).encode(), root, schema)


def test_right_answer_is_the_json_that_says_the_same() -> None:
    assert read(TOKEN) == [{"token": "t", "service_request_id": "1"}]
    services = f"<services><service>{SERVICE}<metadata>true</metadata><group /></service></services>"
    assert read(services, "services", schemas.SERVICES)[0] == {
        "service_code": "a", "service_name": "A", "type": "realtime", "metadata": True, "group": None
    }  # fmt: skip


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("service_requests>", "requests>"),
        ("request>", "service>"),
        ("<token>t</token>", "<token>t</token><token>u</token>"),
        ("<request>", '<request id="1">'),
        ("<request>", "<request>words"),
        ("</token>", "</token>words"),
    ],
)
def test_what_json_would_not_hold_is_refused(right: str, wrong: str) -> None:
    with pytest.raises(NotStrictError):
        read(TOKEN.replace(right, wrong))


@pytest.mark.parametrize("said", ["True", "1", "", "yes"])
def test_truth_is_written_in_one_way(said: str) -> None:
    with pytest.raises(NotStrictError):
        read(
            f"<services><service>{SERVICE}<metadata>{said}</metadata></service></services>",
            "services",
            schemas.SERVICES,
        )


@pytest.mark.parametrize("said", ["4e2", "04", "vier", "+4"])
def test_numbers_are_written_in_one_way(said: str) -> None:
    error = f"<errors><error><code>{said}</code><description>x</description></error></errors>"
    with pytest.raises(NotStrictError):
        read(error, "errors", schemas.ERRORS)


def test_answer_of_the_wrong_format_or_status_is_refused() -> None:
    body = (HEAD + TOKEN).encode()
    given: dict[str, Any] = {"status": 200, "content_type": "text/xml; charset=utf-8", "body": body}
    path = "/yavoryn/open311/v2/tokens/t"
    assert look_at("GET", path, **given) == [{"token": "t", "service_request_id": "1"}]
    with pytest.raises(AssertionError):
        look_at("GET", f"{path}.json", **given)
    with pytest.raises(AssertionError):
        look_at("GET", path, **(given | {"content_type": "text/html"}))
    with pytest.raises(AssertionError):
        look_at("GET", path, **(given | {"status": 201}))
