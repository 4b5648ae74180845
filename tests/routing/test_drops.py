"""File drop: in a folder of this machine and over SFTP alike, a message is a file and so is an answer."""

import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from core.models import OutboxMessage
from core.outbox import claim, send
from core.sealed import seal
from core.tokens import secret_of
from issues.actions import report_issue
from issues.models import Issue, IssueEvent
from issues.states import State
from routing.channel_addresses import BadAddressError, folder_steps, host_key_in, place_in
from routing.drops import DropFailedError
from routing.folders import Folder
from routing.models import Answer, Channel, Delivery
from routing.reading import read_answers
from tests.conftest import City, hole
from tests.grid import Town
from tests.sftp import PASSWORD, USER, SftpServer, serving

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings: Settings, tmp_path: Path) -> Iterator[SftpServer]:
    """The organisation's own SFTP server, which the operator allows."""
    with serving(tmp_path / "theirs") as found:
        settings.OUTWARD_ALLOWED = [f"127.0.0.1:{found.port}"]
        yield found


@pytest.fixture(params=["folder", "sftp"])
def place(request: pytest.FixtureRequest, city: City, settings: Settings, tmp_path: Path) -> Path:
    """The folder of Яворинавтодор's only channel, wherever it is, as somebody on that machine sees it."""
    channel: Channel = Channel.objects.get(organisation=city.road_service)
    channel.kind = request.param
    if request.param == "folder":
        settings.DROP_ROOT = str(tmp_path / "drop")
        (tmp_path / "drop").mkdir()
        channel.address, found = "roads/in", tmp_path / "drop" / "yavoryn" / "roads" / "in"
    else:
        server: SftpServer = request.getfixturevalue("server")
        channel.address, found = f"sftp://{USER}@127.0.0.1:{server.port}/in/misto", server.root / "in" / "misto"
        channel.settings, channel.secret = {"host_key": server.shown_key}, seal(PASSWORD)
    channel.save()
    return found


@pytest.fixture
def report(city: City, town: Town, place: Path, now: datetime) -> Issue:
    return report_issue(new=hole(city, town["p"], email=""), community=city.community, at=now)


def channel_of(city: City) -> Channel:
    found: Channel = Channel.objects.get(organisation=city.road_service)
    return found


def send_it(now: datetime) -> OutboxMessage:
    for message in claim(at=now):
        send(message, clock=lambda: now)
    return OutboxMessage.objects.get(audience="organisation")


def lay(place: Path, report: Issue, now: datetime, /, name: str = "1.json", **changes: Any) -> Path:
    """Their system writes an answer."""
    answer = {"id": "1", "report": report.number, "do": "finish", "text": "Залатали.", "happened_at": now.isoformat()}
    (place / "answers").mkdir(parents=True, exist_ok=True)
    file = place / "answers" / name
    file.write_text(json.dumps(answer | changes), encoding="utf-8")
    os.utime(file, (now.timestamp(), now.timestamp()))
    return file


def lies_in(place: Path, folder: str) -> list[str]:
    return sorted(file.name for file in (place / folder).iterdir() if file.is_file())


def state_of(issue: Issue) -> str:
    return Issue.objects.get(pk=issue.pk).state


def test_message_is_a_file_for_programs_and_one_for_people(report: Issue, place: Path, now: datetime) -> None:
    message = send_it(now)
    assert message.sent_at, message.last_error
    assert lies_in(place, "messages") == [f"{message.key}.json", f"{message.key}.txt"]
    told = json.loads((place / "messages" / f"{message.key}.json").read_bytes())
    token = Delivery.objects.get(subject=report.subject).token
    assert token
    assert (told["id"], told["report"]) == (str(message.key), report.number)
    assert secret_of(token) in told["answer_url"]
    assert secret_of(token) in (place / "messages" / f"{message.key}.txt").read_text()


def test_message_that_is_sent_again_takes_the_place_of_the_first(report: Issue, place: Path, now: datetime) -> None:
    send_it(now)
    OutboxMessage.objects.update(sent_at=None, due_at=now)
    message = send_it(now)
    assert message.sent_at, message.last_error
    assert len(lies_in(place, "messages")) == 2


def test_answer_is_read_once_and_put_aside(report: Issue, place: Path, now: datetime) -> None:
    lay(place, report, now)
    assert read_answers(at=now) == 1
    assert (lies_in(place, "answers"), lies_in(place, "answers/done")) == ([], ["1.json"])
    assert (state_of(report), read_answers(at=now)) == (State.DONE, 0)


def test_answer_that_lies_there_again_changes_nothing(report: Issue, place: Path, now: datetime) -> None:
    for _time in range(2):
        lay(place, report, now)
        read_answers(at=now)
    assert IssueEvent.objects.filter(issue=report, kind="moved").count() == 1
    assert (lies_in(place, "answers"), lies_in(place, "answers/done")) == ([], ["1.json"])


@pytest.mark.parametrize(
    "wrong", [{"report": 99}, {"do": "explode"}, {"id": ""}, {"text": ""}, {"more": "x" * 70_000}], ids=str
)
def test_wrong_answer_is_put_aside_beside_the_reason(
    report: Issue, place: Path, now: datetime, wrong: dict[str, Any]
) -> None:
    lay(place, report, now, **wrong)
    assert read_answers(at=now) == 0
    assert (lies_in(place, "answers"), lies_in(place, "answers/refused")) == ([], ["1.json", "1.txt"])
    assert len((place / "answers" / "refused" / "1.txt").read_text()) > 10
    assert state_of(report) == State.NEW


def test_same_id_with_other_words_is_put_aside(report: Issue, place: Path, now: datetime) -> None:
    lay(place, report, now)
    read_answers(at=now)
    lay(place, report, now, name="2.json", text="Інше.")
    read_answers(at=now)
    assert lies_in(place, "answers/refused") == ["2.json", "2.txt"]


def test_file_that_is_being_written_is_left_alone(report: Issue, place: Path, now: datetime) -> None:
    half = lay(place, report, now)
    half.write_text(half.read_text()[:-2])
    os.utime(half, (now.timestamp(), now.timestamp()))
    for name in (".2.json", "3.json.part", "4.tmp", "5.txt"):
        lay(place, report, now, name=name, id=name)
    assert read_answers(at=now + timedelta(minutes=9)) == 0
    assert len(lies_in(place, "answers")) == 5
    assert read_answers(at=now + timedelta(minutes=11)) == 0
    assert lies_in(place, "answers/refused") == ["1.json", "1.txt"]


def test_one_bad_file_stops_no_other(report: Issue, place: Path, now: datetime) -> None:
    lay(place, report, now, name="1.json", id="1", do="accept", text="")
    lay(place, report, now, name="2.json", id="2", do="explode")
    lay(place, report, now, name="3.json", id="3")
    assert read_answers(at=now) == 2
    assert state_of(report) == State.DONE


def test_only_active_channels_are_read(report: Issue, place: Path, city: City, now: datetime) -> None:
    lay(place, report, now)
    Channel.objects.update(is_active=False)
    assert (read_answers(at=now), lies_in(place, "answers")) == (0, ["1.json"])


def test_answer_that_was_applied_but_not_put_aside_does_nothing_more(
    report: Issue, place: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = lay(place, report, now)
    kept = file.read_bytes()
    read_answers(at=now)
    file.write_bytes(kept)
    os.utime(file, (now.timestamp(), now.timestamp()))
    read_answers(at=now)
    assert Answer.objects.count() == 1


# A folder of this machine --------------------------------------------------------------------------------------
@pytest.fixture
def root(settings: Settings, tmp_path: Path) -> Path:
    """MISTO_DROP_ROOT."""
    settings.DROP_ROOT = str(tmp_path / "drop")
    (tmp_path / "drop").mkdir()
    return tmp_path / "drop"


@pytest.mark.parametrize("address", ["", ".", "..", "/etc", "a/../b", "../b", "a\\b", "a\nb", ".hidden", "a/.ssh"])
def test_address_that_could_lead_elsewhere_is_refused(city: City, root: Path, address: str) -> None:
    with pytest.raises(BadAddressError):
        folder_steps(address)
    with pytest.raises(DropFailedError):
        Folder(city.community, address)


def test_without_a_root_there_are_no_folders(city: City, settings: Settings, tmp_path: Path) -> None:
    settings.DROP_ROOT = ""
    with pytest.raises(DropFailedError):
        Folder(city.community, "roads")
    settings.DROP_ROOT = str(tmp_path / "missing")
    with pytest.raises(DropFailedError):
        Folder(city.community, "roads").write("messages", "1.json", b"{}")


@pytest.mark.parametrize("link", ["yavoryn", "yavoryn/roads", "yavoryn/roads/messages"])
def test_symbolic_link_is_no_step(city: City, root: Path, tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / link).parent.mkdir(parents=True, exist_ok=True)
    (root / link).symlink_to(outside)
    with pytest.raises(DropFailedError):
        Folder(city.community, "roads").write("messages", "1.json", b"{}")
    assert list(outside.iterdir()) == []


def test_symbolic_link_and_pipe_among_answers_are_not_read(city: City, root: Path, tmp_path: Path) -> None:
    answers = root / "yavoryn" / "roads" / "answers"
    answers.mkdir(parents=True)
    (tmp_path / "secret").write_text("{}")
    (answers / "1.json").symlink_to(tmp_path / "secret")
    os.mkfifo(answers / "2.json")
    folder = Folder(city.community, "roads")
    assert folder.files("answers") == []
    with pytest.raises(DropFailedError):
        folder.read("answers", "1.json", most=10)


def test_each_community_has_a_folder_of_its_own(city: City, root: Path, elsewhere: Any) -> None:
    for community in (city.community, elsewhere):
        Folder(community, "roads").write("messages", "1.json", community.slug.encode())
    assert (root / "yavoryn" / "roads" / "messages" / "1.json").read_text() == "yavoryn"
    assert (root / "sosnivka" / "roads" / "messages" / "1.json").read_text() == "sosnivka"


# SFTP ----------------------------------------------------------------------------------------------------------
def channel_to(server: SftpServer, city: City, **changes: Any) -> Channel:
    given = {
        "kind": "sftp",
        "address": f"sftp://{USER}@127.0.0.1:{server.port}/in",
        "settings": {"host_key": server.shown_key},
        "secret": seal(PASSWORD),
    }
    Channel.objects.filter(organisation=city.road_service).update(**(given | changes))
    return channel_of(city)


def trouble(city: City, now: datetime) -> str:
    read_answers(at=now)
    return channel_of(city).trouble


def test_key_of_the_user_opens_too(server: SftpServer, city: City, now: datetime) -> None:
    import io

    written = io.StringIO()
    server.user_key.write_private_key(written)
    channel_to(server, city, secret=seal(written.getvalue()))
    assert trouble(city, now) == ""
    assert (server.root / "in" / "answers").is_dir()


def test_server_with_another_key_gets_nothing(server: SftpServer, city: City, now: datetime) -> None:
    import paramiko

    other = paramiko.ECDSAKey.generate()
    channel_to(server, city, settings={"host_key": f"{other.get_name()} {other.get_base64()}"})
    assert trouble(city, now) == "the server shows another key than the one written down"
    channel_to(server, city, settings={})
    assert trouble(city, now + timedelta(hours=1)) == "the key of the server is not written down"
    assert list(server.root.iterdir()) == []


def test_wrong_password_is_told_on_the_channel_and_goes_when_it_is_right(
    server: SftpServer, city: City, now: datetime
) -> None:
    channel_to(server, city, secret=seal("інший"))
    assert "lets us not in" in trouble(city, now)
    channel_to(server, city)
    assert "lets us not in" in trouble(city, now + timedelta(minutes=5))  # it rests
    assert trouble(city, now + timedelta(minutes=11)) == ""


def test_private_server_is_not_asked(server: SftpServer, city: City, settings: Settings, now: datetime) -> None:
    settings.OUTWARD_ALLOWED = []
    channel_to(server, city)
    assert trouble(city, now) == "not asked: private"


def test_old_server_without_replacing_names_takes_messages_twice_too(
    settings: Settings, tmp_path: Path, city: City, town: Town, now: datetime
) -> None:
    with serving(tmp_path / "old") as server:
        settings.OUTWARD_ALLOWED = [f"127.0.0.1:{server.port}"]
        channel_to(server, city)
        report_issue(new=hole(city, town["p"], email=""), community=city.community, at=now)
        assert send_it(now).sent_at
        OutboxMessage.objects.update(sent_at=None, due_at=now)
        message = send_it(now)
        assert message.sent_at, message.last_error
        assert len(list((server.root / "in" / "messages").iterdir())) == 2


def test_server_that_is_down_is_tried_again(server: SftpServer, city: City, town: Town, now: datetime) -> None:
    channel_to(server, city)
    server.close()
    report_issue(new=hole(city, town["p"], email=""), community=city.community, at=now)
    message = send_it(now)
    assert (message.dead_at, message.failure) == (None, "unreachable")


@pytest.mark.parametrize(
    "address",
    [
        "https://u@h/a", "sftp://h/a", "sftp://u:p@h/a", "sftp://u@h", "sftp://u@h/", "sftp://u@h/../a",
        "sftp://u@h:25/a", "sftp://u@h:x/a", "sftp://u@h/a?b", "sftp://u@h/%2e%2e/a",
    ],
)  # fmt: skip
def test_address_of_sftp_is_a_user_a_server_and_a_folder(address: str) -> None:
    with pytest.raises(BadAddressError):
        place_in(address)


def test_address_of_sftp_in_parts() -> None:
    place = place_in("sftp://misto@files.example.org/in/roads")
    assert (place.user, place.host, place.port, place.path("messages", "1.json")) == (
        "misto", "files.example.org", 22, "in/roads/messages/1.json",
    )  # fmt: skip
    assert place_in("sftp://misto@files.example.org:2222//srv/in").path("answers") == "/srv/in/answers"


@pytest.mark.parametrize("text", ["", "ssh-ed25519", "hello world", "ssh-ed25519 !!!", "ssh-dss AAAA"])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(BadAddressError):
        host_key_in(text)
