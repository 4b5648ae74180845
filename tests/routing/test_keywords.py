"""Residents' own words name a category: in any form, mistyped, in surzhyk and in Russian."""

import pytest

from openmap.demo.city import KINDS
from routing.keywords import points_of, words_for
from routing.models import Category
from routing.usual_words import MIXED_UP, USUAL_WORDS

EVERYTHING = [Category(code=kind.code, name=kind.name) for kind in KINDS]


def first(text: str) -> str:
    """Code of the category that the text names most, or "" """
    points = points_of(text, EVERYTHING)
    return max(points, key=lambda code: points[code], default="")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("roads", "Яма на дорозі"),
        ("roads", "Величезні ями після зими, об’їжджаємо"),
        ("roads", "асфальту майже не лишилося"),
        ("sidewalks", "Яма на тротуарі"),
        ("manholes", "Відкритий люк на тротуарі біля аптеки. Кришка лежить поруч."),
        ("manholes", "Колодязь без кришки"),
        ("lamps", "Не горять ліхтарі на вулиці"),
        ("lamps", "Цілий тиждень темно, освітлення немає"),
        ("waste", "Сміття не вивозили десять днів, контейнери переповнені"),
        ("dumps", "Хтось вивалив будівельне сміття у посадці"),
        ("water", "Немає води з самого ранку"),
        ("hot-water", "Немає гарячої води"),
        ("heating", "Батареї холодні"),
        ("power", "Немає світла в будинку"),
        ("gas", "Пахне газом біля будинку"),
        ("trees", "Сухі гілки над доріжкою можуть впасти"),
        ("playgrounds", "Зламана гойдалка на дитячому майданчику"),
        ("transport", "Автобуси не приїжджають за розкладом"),
        ("access", "Немає пандуса, з візком не заїхати"),
        ("parking", "Машини паркують на газоні"),
        ("animals", "Зграя собак біля школи"),
        ("shelters", "Укриття зачинене під час тривоги"),
        ("yards", "Протікає дах, у під’їзді калюжа"),
        ("snow", "Не чистять сніг, слизько"),
        ("hot-water", "Гаряча вода ледь тепла"),
        ("lifts", "Ліфт не працює третій день"),
        ("lifts", "Застрягли в ліфті"),
        ("signs", "Світлофор не працює"),
        ("signs", "Стерлася розмітка на переході"),
        ("signs", "Впав дорожній знак"),
        ("cleaning", "Не прибирають листя на тротуарі"),
        ("kiosks", "Кіоск стоїть просто на тротуарі"),
        ("kiosks", "Обклеїли стовпи рекламою й оголошеннями"),
        ("benches", "Зламана лавка в парку"),
        ("benches", "Розбита урна біля лавки"),
        ("building", "Сусід самовільно будує гараж у дворі"),
        ("building", "Незаконне будівництво в сквері"),
    ],
)
def test_words_in_any_form_name_the_category(code: str, text: str) -> None:
    assert first(text) == code


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("roads", "яма на дороге"),
        ("lamps", "лампочка не горит"),
        ("waste", "мусор не вывозят"),
        ("manholes", "открытый люк, крышки нету"),
        ("water", "нет воды второй день"),
        ("hot-water", "нету горячей воды"),
        ("power", "отключили свет"),
        ("yards", "крыша протекает"),
        ("playgrounds", "сломанные качели на детской площадке"),
        ("animals", "бродячие собаки кидаются"),
        ("snow", "гололед, сосульки с крыш"),
        ("lifts", "лифт застрял между этажами"),
        ("signs", "светофор не работает"),
        ("benches", "сломанная скамейка"),
        ("transport", "маршрутка не ходит, водитель хамит"),
    ],
)
def test_russian_words_name_it(code: str, text: str) -> None:
    assert first(text) == code


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("waste", "мусорка переповнена, воняє"),
        ("lamps", "фонарі не світять"),
        ("manholes", "крышка з люка пропала"),
        ("yards", "в подїзді потолок осипається"),
        ("roads", "вибоєни на дорогі"),
        ("transport", "на остановці нема розписанія автобуса"),
        ("animals", "бездомні собачки бігають"),
    ],
)
def test_surzhyk_names_it(code: str, text: str) -> None:
    assert first(text) == code


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("lamps", "ліхтор не світить"),
        ("lamps", "ліхатр погас"),
        ("waste", "смітя не вивозять"),
        ("waste", "контенери повні"),
        ("playgrounds", "зламана гойдлака"),
        ("roads", "асвальт провалився"),
        ("manholes", "колодзь відкритий"),
        ("sidewalks", "тратуар розбитий"),
        ("heating", "опаленя немає"),
        ("yards", "підїзд брудний"),
        ("yards", "під'їзд брудний"),
        ("yards", "під`їзд брудний"),
        ("animals", "cобаки гавкають"),  # the first letter is Latin
        ("lamps", "ЛІХТАР НЕ СВІТИТЬ"),
        ("lamps", "лииихтааар"),
    ],
)
def test_slips_of_the_finger_do_not_matter(code: str, text: str) -> None:
    assert first(text) == code


@pytest.mark.parametrize("text", ["", "   ", "Добрий день!", "12345 +380671234567", "asdf qwer", "🙂🙂", "\0\0"])
def test_words_that_say_nothing_name_nothing(text: str) -> None:
    assert points_of(text, EVERYTHING) == {}


@pytest.mark.parametrize(("text", "code"), [("газета", "gas"), ("паркан впав", "trees"), ("гаряча вода", "water")])
def test_what_only_begins_alike_or_means_something_else_is_left_out(text: str, code: str) -> None:
    assert first(text) != code


def test_words_are_told_as_they_were_typed_in_their_order() -> None:
    assert words_for("manholes", "Відкритий Люк на тротуарі. Кришка лежить поруч.", EVERYTHING) == [
        "відкритий",
        "люк",
        "кришка",
    ]
    assert words_for("water", "люк", EVERYTHING) == []


def test_own_words_of_a_community_and_the_name_count_besides() -> None:
    own = [Category(code="roads", name="Дороги", keywords="байрак"), Category(code="x", name="Кладовища")]
    assert points_of("байраки розмило", own) == {"roads": 1}
    assert points_of("асфальт", own) == {"roads": 1}
    assert points_of("на кладовищі", own) == {"x": 1}


def test_what_is_mixed_up_is_known() -> None:
    assert set(MIXED_UP) == set(USUAL_WORDS)
    for code, others in MIXED_UP.items():
        assert set(others.split()) <= set(USUAL_WORDS) - {code}
