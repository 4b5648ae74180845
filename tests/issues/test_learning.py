"""What a community's own reports teach about words: used only when better, by nobody else, and without names."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django_scopes import scope

from core.jobs import run_jobs
from core.models import Job, Subject, Visibility
from geodata.models import Community
from issues.fitting import ENOUGH, PEOPLE, Example, blended, fit, learn
from issues.guessing import guesses
from issues.learning import KIND, learn_categories, learn_where_new, learnt_of, teaching
from issues.models import Issue, LearntCategories
from issues.states import State
from issues.wordmodel import MOST_PIECES, BadModelError, WordModel, hash_of, pieces_of, unpacked
from routing.models import Category
from tests.conftest import NOW, City

# Words that no list of the service knows: only experience tells what they mean here.
MEANS = {"roads": "чортова петля знову просіла", "manholes": "дзвінок на байраку деренчить", "caves": "печера кличе"}


def examples(many: int = ENOUGH) -> list[Example]:
    """So many reports, of one category after the other, each by somebody else."""
    codes = list(MEANS)
    return [Example(f"{MEANS[codes[n % 3]]} {'дуже' * (n % 2)}", codes[n % 3], f"author {n}") for n in range(many)]


@pytest.fixture
def history(city: City) -> City:
    """ENOUGH reports in three categories, in the words of this town."""
    Category.objects.create(community=city.community, code="caves", name="Печери")
    fill(city.community, examples())
    return city


def fill(community: Community, rows: list[Example]) -> None:
    subjects = Subject.objects.bulk_create([Subject(community=community, kind="issue") for _row in rows])
    categories = {row.code: row for row in Category.objects.filter(community=community)}
    Issue.objects.bulk_create(
        [
            Issue(
                subject=subject,
                community=community,
                number=number,
                category=categories[row.label],
                location=community.centre,
                title=row.text[:120],
                text=row.text,
                created_at=NOW + timedelta(minutes=number),
                changed_at=NOW,
                due_on=NOW.date(),
            )
            for number, (row, subject) in enumerate(zip(rows, subjects, strict=True), start=1)
        ]
    )


def test_words_of_the_town_are_learnt_and_guessed(history: City, now: datetime) -> None:
    assert guesses("чортова петля", community=history.community) == []
    learnt = learn_categories(history.community, at=now)
    assert learnt
    assert (learnt.rows, learnt.held_back, learnt.is_better) == (ENOUGH, ENOUGH // 5, True)
    assert guesses("на чортовій петлі", community=history.community)[0].code == "roads"
    assert guesses("байрак", community=history.community)[0].code == "manholes"


def test_form_offers_what_was_learnt(client: Client, history: City, now: datetime) -> None:
    learn_categories(history.community, at=now)
    answer = client.post("/yavoryn/report/words/", {"text": "печера кличе"}).content.decode()
    assert 'data-guess="caves"' in answer


def test_another_community_never_uses_it(history: City, elsewhere: Community, now: datetime) -> None:
    learn_categories(history.community, at=now)
    with scope(community=elsewhere):
        Category.objects.create(community=elsewhere, code="caves", name="Інше")
        assert learnt_of(elsewhere) is None
        assert guesses("печера кличе", community=elsewhere) == []
        assert learn_categories(elsewhere, at=now) is None, "and it has no reports of its own"


def test_what_was_learnt_anew_is_read_anew(history: City, now: datetime) -> None:
    learn_categories(history.community, at=now)
    first = learnt_of(history.community)
    assert learnt_of(history.community) is first, "kept in the process"
    learn_categories(history.community, at=now + timedelta(days=1))
    assert learnt_of(history.community) is not first


def test_too_few_reports_teach_nothing() -> None:
    assert learn(examples(ENOUGH - 1), keywords=lambda _text: {}) is None
    two_kinds = [one for one in examples(2 * ENOUGH) if one.label != "caves"]
    assert learn(two_kinds, keywords=lambda _text: {}) is None


def test_it_is_judged_by_the_newest_and_used_only_when_better_than_keywords(history: City, now: datetime) -> None:
    right = {text: label for label, text in MEANS.items()}
    perfect = learn(examples(), keywords=lambda text: {right[text.removesuffix("дуже").strip()]: 1.0})
    assert perfect
    assert (perfect.keywords_right, perfect.is_better) == (perfect.held_back, False)
    Category.objects.filter(code="roads").update(keywords="чортова")
    Category.objects.filter(code="manholes").update(keywords="байрак")
    learnt = learn_categories(history.community, at=now)  # the name of the caves is their keyword
    assert learnt
    assert not learnt.is_better
    assert learnt_of(history.community) is None


def test_hidden_held_closed_and_repeated_reports_teach_nothing(history: City) -> None:
    one, two, three, four, five, six = Issue.objects.order_by("pk")[:6]
    Subject.objects.filter(pk=one.subject_id).update(visibility=Visibility.HIDDEN, hidden_reason="spam")
    Subject.objects.filter(pk=two.subject_id).update(visibility=Visibility.HELD)
    Issue.objects.filter(pk=three.pk).update(state=State.REJECTED)
    Issue.objects.filter(pk=five.pk).update(state=State.WITHDRAWN)
    Issue.objects.filter(pk=six.pk).update(state=State.DUPLICATE)
    Issue.objects.filter(pk=four.pk).update(duplicate_of=one)
    assert teaching(history.community).count() == ENOUGH - 6


def test_what_fewer_people_wrote_has_no_weight() -> None:
    rows = examples()
    secret = "Щупаківський"
    rows += [Example(f"{MEANS['roads']} {secret}", "roads", "one and the same") for _n in range(50)]
    rows += [Example(f"{MEANS['roads']} {secret}", "roads", f"another {n}") for n in range(PEOPLE - 2)]
    model = fit(rows)
    assert hash_of(" щуп") not in model.pieces.tolist()
    assert hash_of("петля"[:4]) in model.pieces.tolist()
    assert not pieces_of("+380 67 123 45 67")


def test_bytes_hold_the_same_model() -> None:
    model = fit(examples())
    again = unpacked(model.labels, model.packed())
    for text in [*MEANS.values(), "чортов байрак", "нічого"]:
        was, now = model.probabilities(text), again.probabilities(text)
        assert was == pytest.approx(now, abs=0.02)
    assert abs(sum(again.probabilities("петля").values()) - 1) < 1e-6
    assert len(model.pieces) <= MOST_PIECES


@pytest.mark.parametrize("data", [b"", b"x", b"\xff" * 24, b"\0" * 38, b"\xff" * 38])
def test_broken_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(BadModelError):
        unpacked(("a", "b", "c"), data)
    with pytest.raises(BadModelError):
        unpacked((), data)


def test_row_that_cannot_be_read_leaves_the_keywords(history: City, now: datetime) -> None:
    learn_categories(history.community, at=now)
    LearntCategories.objects.update(data=b"broken", learnt_at=now + timedelta(hours=1))
    assert learnt_of(history.community) is None
    assert guesses("яма", community=history.community)[0].code == "roads"


def test_model_that_knows_nothing_says_nothing() -> None:
    empty = WordModel(("a",), np.empty(0, np.uint32), np.empty((0, 1), np.float32), np.zeros(1, np.float32))
    assert empty.probabilities("яма") == {}
    assert blended({"a": 2.0}, {}) == {"a": 1.0}
    assert fit(examples()).probabilities("🙂 123 qqq") == {}


@pytest.mark.parametrize("changes", [{"data": b"0" * 600_001}, {"keywords_right": 61}, {"blend_right": 1}])
def test_database_refuses_what_cannot_be(history: City, now: datetime, changes: dict[str, object]) -> None:
    learn_categories(history.community, at=now)
    with pytest.raises(IntegrityError), transaction.atomic():
        LearntCategories.objects.update(**({"keywords_right": 5, "blend_right": 6} | changes))


def test_every_night_it_is_learnt_where_enough_new_reports_came(history: City, now: datetime) -> None:
    assert learn_where_new(at=now) == 1
    assert learn_where_new(at=now) == 0, "it waits already"
    run_jobs(clock=lambda: now + timedelta(days=1))
    assert Job.objects.get(kind=KIND).result["is_used"]  # type: ignore[index]
    assert learn_where_new(at=now + timedelta(days=2)) == 0, "nothing new came since"
    Issue.objects.filter(number__lte=60).update(created_at=now + timedelta(days=2))
    assert learn_where_new(at=now + timedelta(days=3)) == 1


def test_command_says_how_good_it_is(history: City, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("learn_categories", "yavoryn")
    assert "It is used from now on." in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("learn_categories", "nowhere")


def test_command_says_what_is_missing(city: City) -> None:
    with pytest.raises(CommandError, match="Too few reports"):
        call_command("learn_categories", "yavoryn")


def test_pages_never_load_what_learning_needs() -> None:
    import subprocess
    import sys

    code = (
        "import django; django.setup(); import sys, issues.guessing, openmap.urls; sys.exit('sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
