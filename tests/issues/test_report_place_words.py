"""The place of a report by words: searched, chosen, pasted; and what the report is called by when nobody wrote it."""

import pytest
from django.test import Client

from geodata.address_import import import_addresses
from geodata.address_rows import AddressRow
from geodata.models import Community
from geodata.pasted_codes import code_of
from issues.models import Issue
from tests.conftest import City
from tests.grid import Town

ADDRESS = "/yavoryn/report/"
WHO = "/yavoryn/who/"


@pytest.fixture
def streets(city: City, town: Town) -> Community:
    """вул. Соборна, 12 at p and 14 at q; вул. Далека, 1 outside, at o."""
    rows = [
        AddressRow(1, "a", "вул. Соборна", "12", "", ("вул. Леніна",), town.places["p"]),
        AddressRow(2, "b", "вул. Соборна", "14", "", (), town.places["q"]),
        AddressRow(3, "c", "вул. Далека", "1", "", (), town.places["o"]),
    ]
    import_addresses(city.community, rows)
    return city.community


@pytest.fixture
def written(city: City) -> dict[str, str]:
    """A hole, without a place."""
    return {"category": "roads", "text": "Яма на переході.", "email": "olia@example.org"}


def sent(client: Client, given: dict[str, str]) -> Issue:
    """The report, sent after a look at who answers."""
    seen = client.post(ADDRESS, given).context["answerer"].seen
    answer = client.post(ADDRESS, given | {"seen": seen, "do": "send"})
    assert answer.status_code == 302
    return Issue.objects.latest("id")


def test_find_button_lists_places_and_loses_nothing(
    client: Client, streets: Community, written: dict[str, str]
) -> None:
    page = client.post(ADDRESS, written | {"address": "соборная 12", "do": "find_place"})
    text = page.content.decode()
    assert page.status_code == 200
    assert [one.label for one in page.context["place_found"].options] == ["вул. Соборна, 12"]
    assert 'value="take:' in text
    assert "Яма на переході." in text
    assert 'value="соборная 12"' in text
    assert Issue.objects.count() == 0


def test_taken_result_is_the_place_and_the_address(
    client: Client, streets: Community, written: dict[str, str], town: Town
) -> None:
    page = client.post(ADDRESS, written | {"address": "соборная", "do": "find_place"})
    choice = page.context["place_found"].options[0].value
    page = client.post(ADDRESS, written | {"address": "соборная", "do": f"take:{choice}"})
    form = page.context["form"]
    assert form["address"].value() == "вул. Соборна"
    assert form["text"].value() == "Яма на переході."
    page = client.post(ADDRESS, written | {"do": "take:28.462745,49.222698,вул. Соборна, 12"})
    form = page.context["form"]
    assert (form["address"].value(), form["lon"].value()) == ("вул. Соборна, 12", "28.462745")
    assert "place_found" in page.context
    assert page.context["place_found"] is None


@pytest.mark.parametrize("choice", ["", "1", "a,b,c", "0,0,x", "999,1,x", "nan,nan,x", "28.4"])
def test_choice_that_is_none_is_no_place(
    client: Client, streets: Community, written: dict[str, str], choice: str
) -> None:
    page = client.post(ADDRESS, written | {"do": f"take:{choice}"})
    assert page.status_code == 200
    assert not page.context["form"]["lon"].value()


def test_address_without_a_pin_is_never_guessed_but_offered(
    client: Client, streets: Community, written: dict[str, str]
) -> None:
    page = client.post(ADDRESS, written | {"address": "Соборна 12", "do": "send"})
    assert page.status_code == 422
    assert page.context["form"].errors["address"]
    assert page.context["place_found"].options
    assert Issue.objects.count() == 0


def test_nothing_found_says_how_to_go_on(client: Client, streets: Community, written: dict[str, str]) -> None:
    page = client.post(ADDRESS, written | {"address": "Невідома 99", "do": "find_place"})
    assert page.context["place_found"].options == ()
    assert page.context["place_found"].said in page.content.decode()


def test_pasted_coordinates_are_found_at_once(
    client: Client, streets: Community, written: dict[str, str], town: Town
) -> None:
    p = town["p"]
    for pasted in (
        f"https://www.google.com/maps/@{p.y:.6f},{p.x:.6f},17z",
        f"{p.x:.6f}, {p.y:.6f}",
        code_of((p.x, p.y)),
    ):
        form = client.post(ADDRESS, written | {"address": pasted, "do": "find_place"}).context["form"]
        assert float(form["lon"].value()) == pytest.approx(p.x, abs=1e-4)
        assert float(form["lat"].value()) == pytest.approx(p.y, abs=1e-4)


def test_short_code_means_the_one_that_is_near(
    client: Client, streets: Community, written: dict[str, str], town: Town
) -> None:
    short = code_of((town["p"].x, town["p"].y))[4:]
    for pasted in (short, f"{short} Яворин"):
        form = client.post(ADDRESS, written | {"address": pasted, "do": "find_place"}).context["form"]
        assert float(form["lon"].value()) == pytest.approx(town["p"].x, abs=1e-4)


def test_link_that_tells_no_place_is_explained_beside_the_field(
    client: Client, streets: Community, written: dict[str, str]
) -> None:
    page = client.post(ADDRESS, written | {"address": "https://maps.app.goo.gl/Ab1", "do": "send"})
    assert page.status_code == 422
    (error,) = page.context["form"].errors["address"]
    assert error in page.content.decode()
    assert 'value="https://maps.app.goo.gl/Ab1"' in page.content.decode()


def test_pasted_place_outside_is_refused(client: Client, streets: Community, written: dict[str, str]) -> None:
    page = client.post(ADDRESS, written | {"address": "50.4501, 30.5234", "do": "send"})
    assert page.status_code == 422
    assert page.context["answerer"].refusal


def test_empty_address_becomes_the_nearest_one(
    client: Client, streets: Community, written: dict[str, str], town: Town
) -> None:
    place = {"lon": f"{town['p'].x:.6f}", "lat": f"{town['p'].y:.6f}"}
    assert sent(client, written | place).address == "вул. Соборна, 12"


def test_pasted_coordinates_become_the_nearest_address_and_own_words_stay(
    client: Client, streets: Community, written: dict[str, str], town: Town
) -> None:
    place = f"{town['p'].y:.6f}, {town['p'].x:.6f}"
    assert sent(client, written | {"address": place}).address == "вул. Соборна, 12"
    own = {"address": "біля аптеки", "lon": f"{town['p'].x:.6f}", "lat": f"{town['p'].y:.6f}"}
    assert sent(client, written | own | {"text": "Відкритий люк.", "category": "manholes"}).address == "біля аптеки"


def test_place_far_from_any_address_stays_without_one(
    client: Client, streets: Community, written: dict[str, str], town: Town
) -> None:
    corner = {"lon": f"{town['A'].x + 0.0001:.6f}", "lat": f"{town['A'].y - 0.0001:.6f}"}
    assert sent(client, written | corner).address == ""


def test_place_is_called_by_its_address_on_the_page(
    client: Client, streets: Community, written: dict[str, str], town: Town
) -> None:
    place = {"lon": f"{town['p'].x:.6f}", "lat": f"{town['p'].y:.6f}", "do": "check"}
    assert "вул. Соборна, 12" in client.post(ADDRESS, written | place).context["place_near"]


def test_long_link_is_taken_and_a_long_address_refused(
    client: Client, streets: Community, written: dict[str, str], town: Town
) -> None:
    link = f"https://www.google.com/maps/place/X/@1,2,3z/data={'!3m1' * 90}!3d{town['p'].y}!4d{town['p'].x}"
    assert sent(client, written | {"address": link}).address == "вул. Соборна, 12"
    page = client.post(ADDRESS, written | {"address": "х" * 301, "do": "send"})
    assert "300" in page.context["form"].errors["address"][0]


def test_who_page_finds_and_takes_places_too(client: Client, streets: Community) -> None:
    page = client.get(WHO, {"address": "Соборна 12", "category": "roads", "do": "find_place"})
    option = page.context["place_found"].options[0]
    answer = client.get(WHO, {"category": "roads", "address": "Соборна 12", "do": f"take:{option.value}"})
    assert answer.status_code == 302
    page = client.get(answer["Location"])
    assert page.context["answerer"].organisation.name == "КП «Яворинавтодор»"
    assert page.context["form"]["address"].value() == "вул. Соборна, 12"


def test_search_answers_with_options_and_says_how_many(client: Client, streets: Community) -> None:
    answer = client.get("/yavoryn/places/", {"q": "Соборна 1"}).content.decode()
    assert answer.count('role="option"') == 3
    assert 'data-address="вул. Соборна, 12"' in answer
    assert 'data-address="вул. Соборна, 1" data-missing="1"' in answer
    assert "no-store" in client.get("/yavoryn/places/", {"q": "x"})["Cache-Control"]


@pytest.mark.parametrize("text", ["", "\0", "<script>", "%", "'" * 500, "9" * 5000, "вул. " * 900])
def test_any_text_is_answered(client: Client, streets: Community, text: str) -> None:
    answer = client.get("/yavoryn/places/", {"q": text, "lat": "x", "lon": "1"})
    assert answer.status_code == 200
    assert "<script>" not in answer.content.decode()


def test_nearest_answers_with_the_address_and_refuses_no_point(client: Client, streets: Community, town: Town) -> None:
    found = client.get("/yavoryn/places/near/", {"lon": str(town["p"].x), "lat": str(town["p"].y + 0.0001)}).json()
    assert found["address"] == "вул. Соборна, 12"
    assert "11" in found["words"]
    for point in ({"lon": "x", "lat": "1"}, {"lon": "nan", "lat": "1"}, {"lon": "200", "lat": "1"}, {}):
        assert client.get("/yavoryn/places/near/", point).status_code == 400
    assert client.get("/yavoryn/places/near/", {"lon": "28", "lat": "48"}).json() == {"address": "", "words": ""}


def test_another_community_finds_nothing_of_this_one(client: Client, streets: Community, elsewhere: Community) -> None:
    assert 'role="option"' not in client.get("/sosnivka/places/", {"q": "Соборна 12"}).content.decode()
    assert client.get("/nowhere/places/", {"q": "Соборна"}).status_code == 404
