"""Nobody guesses by filters and searches what the administration pages leave out, and no query of theirs breaks."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django_scopes import scopes_disabled

from accounts.models import Membership, Organisation, User
from core.models import OutboxMessage, Token
from issues.models import Issue, IssueEvent
from media.models import Photo
from openmap.admin_site import CityAdmin, GuardedAdmin
from routing.models import Rule
from tests.accounts.conftest import address, label

EVERY = sorted(admin.site._registry, key=label)
GUESSES: list[tuple[type[Model], str]] = [
    (Issue, "subject__follows__email__startswith=olia"),
    (Issue, "subject__follows__email=olia@example.org"),
    (Issue, "location__within=zzz"),
    (Issue, "title__regex=("),
    (Issue, "title__exact=%00"),
    (Issue, "state__regex=("),
    (Issue, "category__name__startswith=a"),
    (Issue, "subject__hidden_reason__startswith=a"),
    (OutboxMessage, "recipient__startswith=olia"),
    (OutboxMessage, "payload__text__icontains=28.46"),
    (OutboxMessage, "last_error__contains=olia"),
    (Photo, "original__startswith=originals"),
    (Photo, "taken_at__isnull=1"),
    (Token, "digest__startswith=a"),
    (IssueEvent, "words__text__icontains=a"),
    (User, "password__startswith=argon2"),
    (User, "last_login__isnull=1"),
    (Membership, "user__email__startswith=taras"),
    (Organisation, "name__regex=("),
]
FILTERS: list[tuple[type[Model], str]] = [
    (Issue, "state__exact={issue.state}"),
    (Issue, "community__id__exact={issue.community_id}"),
    (Issue, "category__id__exact={issue.category_id}&state__exact={issue.state}"),
    (Issue, "subject__visibility__exact=public"),
    (OutboxMessage, "dead_at__isempty=1"),
    (Token, "revoked_at__isempty=1&purpose__exact=mine"),
    (Rule, "is_active__exact=1"),
    (User, "is_superuser__exact=1"),
    (Membership, "role__exact=moderator"),
]
NO_KEYS = ["abc", "\0", "", "9" * 5000, "٤٩", "1,2"]


@pytest.fixture
def operator(client: Client, issue: Issue, marta: User) -> Iterator[Client]:
    """The browser of somebody who sees everything; there is a report, and there are letters about it."""
    client.force_login(User.objects.create_superuser("olha@example.org"))
    client.raise_request_exception = False
    with scopes_disabled():
        yield client


@pytest.mark.parametrize("model", EVERY, ids=label)
def test_every_page_of_the_administration_is_guarded(model: type[Model]) -> None:
    assert isinstance(admin.site._registry[model], GuardedAdmin)


def test_pages_that_are_not_guarded_by_themselves_are_guarded_when_they_are_registered() -> None:
    site = CityAdmin("another")
    site.register(User)
    assert isinstance(site._registry[User], GuardedAdmin)


@pytest.mark.parametrize("model", EVERY, ids=label)
def test_every_column_is_asked_only_by_a_filter_of_the_page(operator: Client, model: type[Model]) -> None:
    filters = str(admin.site._registry[model].list_filter)
    for column in (field.name for field in model._meta.concrete_fields):
        names = [f"{column}__{how}" for how in ("startswith", "regex", "gt", "contains")]
        names += [] if f"'{column}'" in filters else [column, f"{column}__exact", f"{column}__isnull"]
        for name in names:
            assert operator.get(address(model, "changelist"), {name: "1"}).status_code == 400, name


@pytest.mark.parametrize(("model", "guess"), GUESSES, ids=[f"{label(model)} {guess}" for model, guess in GUESSES])
def test_what_a_page_leaves_out_cannot_be_guessed(operator: Client, model: type[Model], guess: str) -> None:
    answer = operator.get(f"{address(model, 'changelist')}?{guess}")
    assert answer.status_code == 400


@pytest.mark.parametrize("who", ["marta", "taras"])
def test_staff_of_a_community_guess_no_reporters_address(
    client: Client, issue: Issue, request: pytest.FixtureRequest, who: str
) -> None:
    client.force_login(request.getfixturevalue(who))
    guesses = ("olia", "somebody else")
    answers = [
        client.get(address(Issue, "changelist"), {"subject__follows__email__startswith": guess}) for guess in guesses
    ]
    assert [answer.status_code for answer in answers] == [400, 400]


@pytest.mark.parametrize(("model", "query"), FILTERS, ids=[f"{label(model)} {query}" for model, query in FILTERS])
def test_filters_beside_a_list_work(operator: Client, issue: Issue, model: type[Model], query: str) -> None:
    answer = operator.get(f"{address(model, 'changelist')}?{query.format(issue=issue)}")
    assert answer.status_code == 200
    assert answer.context["cl"].result_count > 0


def test_every_link_of_every_filter_works(operator: Client, issue: Issue) -> None:
    followed = 0
    for model in EVERY:
        page = address(model, "changelist")
        changelist = operator.get(page).context["cl"]
        for spec in changelist.filter_specs:
            for choice in spec.choices(changelist):
                assert operator.get(page + choice["query_string"]).status_code == 200, (label(model), choice)
                followed += 1
    assert followed > 50


def test_dates_of_a_list_are_asked_by_year_month_and_day() -> None:
    class ByDay(GuardedAdmin):
        date_hierarchy = "created_at"

    pages = ByDay(Issue, admin.site)
    assert pages.lookup_allowed("created_at__year", "2026")
    assert pages.lookup_allowed("created_at__day", "19")
    assert not pages.lookup_allowed("created_at__regex", "(")
    assert not pages.lookup_allowed("created_at", "2026")


@pytest.mark.parametrize("model", EVERY, ids=label)
def test_no_value_of_a_filter_or_a_search_breaks_a_list(operator: Client, model: type[Model]) -> None:
    pages, page = admin.site._registry[model], address(model, "changelist")
    paths = [path[0] if isinstance(path, tuple) else path for path in pages.list_filter]
    names = ["q", "o", "p", "all", "e", "_facets", "_popup", "_to_field"]
    names += [
        f"{path}{how}" for path in paths for how in ("", "__exact", "__isnull", "__isempty", "__gte", "__id__exact")
    ]
    for name in names:
        for value in ("1\0", "zz", "9" * 40, ""):
            assert operator.get(page, {name: value}).status_code < 500, (name, value)


def test_search_for_a_nul_finds_nothing_in_the_choices_of_another_page(operator: Client) -> None:
    asked = {"app_label": "issues", "model_name": "issueevent", "field_name": "issue", "term": "\0"}
    assert operator.get(reverse("admin:autocomplete"), asked).json()["results"] == []


@pytest.mark.parametrize("key", NO_KEYS, ids=lambda key: repr(key)[:10])
@pytest.mark.parametrize("model", [Issue, Token, OutboxMessage, Photo, User], ids=label)
def test_row_chosen_by_a_word_that_is_no_key_changes_nothing(operator: Client, model: type[Model], key: str) -> None:
    rows = model._default_manager.count()
    for action in ("publish", "revoke", "send_again", "delete_selected"):
        chosen = {"action": action, "_selected_action": [key], "post": "yes"}
        assert operator.post(address(model, "changelist"), chosen).status_code < 500
    assert model._default_manager.count() == rows


def test_row_chosen_by_its_key_is_acted_upon(operator: Client, issue: Issue) -> None:
    chosen = {"action": "publish", "_selected_action": [str(issue.pk)]}
    assert operator.post(address(Issue, "changelist"), chosen).status_code == 302


@pytest.mark.parametrize("key", ["1", "abc", "%00"])
def test_nobody_is_redirected_by_a_strange_key(client: Client, taras: User, key: str) -> None:
    client.force_login(taras)
    assert client.get(f"/admin/r/1/{key}/").status_code == 404


@pytest.mark.parametrize("shape", ["{}", "POINT(1", "SRID=4326;POINT(1 2)", "%00"])
@pytest.mark.parametrize("page", ["geodata/area", "geodata/mapshape"])
def test_address_draws_no_shape_into_a_new_row(client: Client, taras: User, page: str, shape: str) -> None:
    client.force_login(taras)
    for name in ("boundary", "geometry", "shape", "geom"):
        assert client.get(f"/admin/{page}/add/?{name}={shape}").status_code == 200


def test_report_leads_to_its_own_page(client: Client, taras: User, issue: Issue) -> None:
    client.force_login(taras)
    page = client.get(address(Issue, "change", issue.pk)).content.decode()
    assert f'href="{issue.get_absolute_url()}" class="viewsitelink"' in page
