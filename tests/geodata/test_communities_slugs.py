"""Addresses of communities: by their seat, the same every time, one for each."""

import pytest
from django.core.exceptions import ValidationError

from geodata.communities_join import Register
from geodata.communities_slugs import Slugs, slugged
from geodata.models import Unit
from geodata.slugs import refuse_reserved

CODE = "UA{:02}{:02}{:03}{:03}00{:05}"


class Country:
    """Units that a test adds one by one; the last five digits are numbered."""

    def __init__(self) -> None:
        self.units: list[Unit] = []

    def add(self, category: str, name: str, parent: Unit | None = None, *places: int) -> Unit:
        oblast, raion, community, seat = (*places, 0, 0, 0, 0)[:4]
        code = CODE.format(oblast, raion, community, seat, len(self.units) + 1)
        unit = Unit(code=code, category=category, name=name, parent_id=parent.code if parent else None)
        self.units.append(unit)
        return unit

    def community(self, seat: str, category: str, raion: Unit, *places: int) -> str:
        found = self.add("H", f"{seat}-ська", raion, *places)
        self.add(category, seat, found, *places, 10)
        return found.code

    def slugs(self, *codes: str) -> list[str]:
        chosen = Slugs(Register(self.units))
        return [chosen.choose(code, {}) for code in codes]


@pytest.fixture
def country() -> Country:
    return Country()


@pytest.fixture
def raions(country: Country) -> list[Unit]:
    """Two raions of Одеська, one of Львівська."""
    odesa, lviv = country.add("O", "Одеська", None, 51), country.add("O", "Львівська", None, 46)
    return [
        country.add("P", "Одеський", odesa, 51, 10),
        country.add("P", "Подільський", odesa, 51, 12),
        country.add("P", "Стрийський", lviv, 46, 10),
    ]


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Вінниця", "vinnytsia"),
        ("Кам’янець-Подільський", "kamianets-podilskyi"),
        ("Мар'янівка", "marianivka"),
        ("Згурівка", "zghurivka"),
        ("Щастя", "shchastia"),
        ("Їжакове Поле", "yizhakove-pole"),
        ("Ґрунь", "grun"),
    ],
)
def test_names_are_written_in_latin_letters_by_the_rules_of_the_country(name: str, slug: str) -> None:
    assert slugged(name) == slug


def test_seat_gives_the_address(country: Country, raions: list[Unit]) -> None:
    assert country.slugs(country.community("Одеса", "M", raions[0], 51, 10, 10)) == ["odesa"]


def test_namesakes_in_two_oblasts_get_the_oblast(country: Country, raions: list[Unit]) -> None:
    one = country.community("Іванівка", "C", raions[0], 51, 10, 10)
    other = country.community("Іванівка", "X", raions[2], 46, 10, 10)
    assert country.slugs(one, other) == ["ivanivka-odeska", "ivanivka-lvivska"]


def test_only_city_among_namesakes_has_the_name_alone(country: Country, raions: list[Unit]) -> None:
    city = country.community("Рівне", "M", raions[0], 51, 10, 10)
    village = country.community("Рівне", "C", raions[2], 46, 10, 10)
    assert country.slugs(city, village) == ["rivne", "rivne-lvivska"]


def test_two_cities_of_one_name_share_nothing(country: Country, raions: list[Unit]) -> None:
    one = country.community("Миколаїв", "M", raions[0], 51, 10, 10)
    other = country.community("Миколаїв", "M", raions[2], 46, 10, 10)
    assert country.slugs(one, other) == ["mykolaiv-odeska", "mykolaiv-lvivska"]


def test_namesakes_of_one_oblast_get_the_raion_too(country: Country, raions: list[Unit]) -> None:
    one = country.community("Калинівка", "X", raions[0], 51, 10, 10)
    other = country.community("Калинівка", "X", raions[1], 51, 12, 10)
    assert country.slugs(one, other) == ["kalynivka-odeskyi-odeska", "kalynivka-podilskyi-odeska"]


def test_namesakes_of_one_raion_get_the_kind_and_at_last_the_code(country: Country, raions: list[Unit]) -> None:
    one = country.community("Миколаївка", "X", raions[0], 51, 10, 10)
    two = country.community("Миколаївка", "C", raions[0], 51, 10, 20)
    assert country.slugs(one, two) == ["mykolaivka-selyshche-odeskyi-odeska", "mykolaivka-selo-odeskyi-odeska"]
    three = country.community("Миколаївка", "C", raions[0], 51, 10, 30)
    assert country.slugs(two, three) == [f"mykolaivka-{two[-5:]}", f"mykolaivka-{three[-5:]}"]


def test_page_of_the_service_is_not_hidden_by_a_community(country: Country, raions: list[Unit]) -> None:
    assert country.slugs(country.community("Статіц", "C", raions[0], 51, 10, 10)) == ["statits"]
    assert country.slugs(country.community("Хелп", "C", raions[0], 51, 10, 20)) == ["khelp"]
    assert country.slugs(country.community("Ук", "C", raions[0], 51, 10, 30)) == ["uk-odeska"]


def test_address_that_another_has_is_passed_over(country: Country, raions: list[Unit]) -> None:
    code = country.community("Одеса", "M", raions[0], 51, 10, 10)
    chosen = Slugs(Register(country.units))
    assert chosen.choose(code, {"odesa": "UA00000000000000000"}) == "odesa-odeska"


def test_no_two_communities_have_one_address(country: Country, raions: list[Unit]) -> None:
    names = ["Іванівка", "Іванівка Одеська", "Рівне", "Рівне"]
    made = [
        country.community(name, category, raion, *place, 10 + 10 * number)
        for number, name in enumerate(names)
        for category, raion, place in (("C", raions[0], (51, 10)), ("X", raions[2], (46, 10)))
    ]
    slugs = country.slugs(*made)
    assert len(set(slugs)) == len(slugs)


@pytest.mark.parametrize("slug", ["api", "communities", "docs", "schema"])
def test_address_of_the_service_itself_is_no_address_of_a_community(slug: str) -> None:
    with pytest.raises(ValidationError):
        refuse_reserved(slug)
