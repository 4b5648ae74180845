"""What people write when something endangers them, and what only sounds so."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.test import Client
from django_scopes import scope

from accounts.models import User
from geodata.actions import create_community
from geodata.models import Community
from routing.dangers import dangers_in
from routing.models import Category, Danger
from routing.usual_dangers import USUAL, found_dangers
from tests.conftest import City

GAS = """
Пахне газом у під’їзді
Дуже сильно пахнэ газом
пахнет газом возле дома
В подвале воняет газом
воняє газом з підвалу
Запах газу біля будинку 5
витік газу з труби
утечка газа на улице
Екскаватор пробив газопровід
чути запах гaзу
паxне газом
тхне газом третій день
пахен газом
несе газом з люка
шипить газова труба
чадний газ у квартирі
чую газ на кухні
В підʼїзді стоїть запах газа
труба газова пошкоджена, шипить
smell of gas in the hall
Труба газова протікає
"""
WIRE = """
провід іскрить
Провод искрит на столбе
обірваний дріт лежить на тротуарі
дріт обірвався і висить
обрыв провода возле школы
Оголені дроти стирчать з ліхтаря
стовп б'є струмом
стовп б’є струмом
стовп бʼє струмом
стовп б`є струмом
бє током
бьёт током от столба
кабель під напругою
дроти звисають до землі
впав провід на дорогу
іскрить щиток у під'їзді
искрит трансформатор
провода торчат оголённые
лінія електропередач обірвалась
відкритий електрощит, діти лазять
вдарило струмом від огорожі
"""
FIRE = """
Пожежа у дворі
пожар в доме напротив
Горить смітник
горит мусорка
палає суха трава
загорівся балкон
горит трава за гаражами
Дим валить з вікна
дым идёт из подвала
підпалили контейнер
пажежа в будинку
пожжежа!!
ПОЖЕЖА
горить машина на стоянці
загорелась квартира на 5 этаже
горит проводка в подъезде
задимлений під'їзд
пожежею охоплено дах
"""
COLLAPSE = """
Обвалилася стеля в під'їзді
обрушилась стена дома
обвалився балкон
падає цегла з фасаду
рухнул потолок
відвалюється штукатурка з фасаду, падає на людей
нависає балкон
людина під завалом
завалило людину піском
впала плита перекриття
зсув ґрунту біля будинку
машина провалилась під асфальт, провалля
просів ґрунт, провалля під будинком
провалилась дорога, там яма на три метри
"""
EXPLOSIVE = """
торчит мина
знайшли міну в лісі
Мiна стирчить з землі
міна на стежці біля річки
снаряд лежить на городі
нашли снаряд
уламки дрона на дитячому майданчику
обломки шахеда
впав дрон на дах
граната в кущах
нерозірваний снаряд
підозрілий пакет на зупинці
подозрительный предмет возле школы
замінований міст
боєприпаси у підвалі
касетний елемент
знайдено авіабомбу
розтяжка в лісі
лежить пелюсткова міна
збитий безпілотник лежить у полі
вибухонебезпечний предмет
в лесу лежит мина
міни в лісосмузі
мина во дворе
"""
HARMLESS = """
цеглу вивалили на газон
Міні маркет біля парку торгує вночі
міні футбольне поле за школою
Треба косити газон
пахне скошений газон
Газета лежить у під'їзді
Пожежний гідрант протікає
старий пожарный гидрант течёт
пожежна машина не може проїхати
пожежні сходи зламані
протипожежні двері не зачиняються
міна на обличчі у касира
газонокосарка шумить і пахне
автобус пахне вихлопними газами
газова компанія не бере трубку
газ подорожчав
Газелі паркуються на газоні
Не пахне газом вже
Не горить ліхтар біля будинку 5
ліхтар не горить третій день
горить світло вдень біля будинку
фонари горят днём возле дома
Яма на переході. Машини об’їжджають її тротуаром.
проводять ремонт дороги, гілка впала
немає гарячої води у квартирі
Міні-маркет торгує вночі
міні-футбольне поле без освітлення
5 мин пешком до остановки
минулого тижня
мінеральна вода
гірка-ракета зламана
дитяча гірка у вигляді ракети зламалась
спортивний снаряд зламаний лежить
патрон у лампочці зламаний
впала гілка на балкон
дерево впало на дорогу
сніг падає з даху
рекламна розтяжка порвалась
овал у дворі
гранатовий сік розлили
заміна труб у будинку
змінити маршрут
немає інтернету, провід обірвали
димоход не чистили
бомбосховище закрите
дрон літає і знімає
обвал цін на ринку
люк без кришки
запах каналізації у дворі
пахне смітником
дорожня розмітка стерлась
гори сміття біля будинку
паркан впав
"""
DANGEROUS = {"gas": GAS, "wire": WIRE, "fire": FIRE, "collapse": COLLAPSE, "explosive": EXPLOSIVE}
CASES = [(code, text) for code, texts in DANGEROUS.items() for text in texts.strip().splitlines()]


def codes(text: str, community: Community, category: Category | None = None) -> list[str]:
    """Codes of the dangers that the text or the category means."""
    return [row.code for row in dangers_in(text, category, community=community)]


@pytest.mark.parametrize(("code", "text"), CASES)
def test_words_of_danger_are_recognised(code: str, text: str, inside: Community) -> None:
    assert code in codes(text, inside)


@pytest.mark.parametrize("text", HARMLESS.strip().splitlines())
def test_what_only_sounds_so_brings_no_alarm(text: str, inside: Community) -> None:
    assert codes(text, inside) == []


def test_every_community_that_is_made_gets_the_usual_set_to_edit(db: None) -> None:
    community = create_community(slug="nova", name="Нова", centre=(30.0, 50.0))
    with scope(community=community):
        assert set(Danger.objects.values_list("code", flat=True)) == {one.code for one in USUAL}


def test_founding_again_keeps_what_staff_wrote(inside: Community) -> None:
    Danger.objects.create(community=inside, code="gas", name="Газ", phones="15-04", advice="Дзвоніть")
    found_dangers([inside])
    assert Danger.objects.get(code="gas").phones == "15-04"
    assert Danger.objects.count() == len(USUAL)


def test_own_words_of_a_community_count_there_only(inside: Community, elsewhere: Community) -> None:
    found_dangers([inside, elsewhere])
    Danger.objects.filter(code="gas").update(words="амоніак*")
    assert codes("тхне аміаком, амоніак", inside) == ["gas"]
    with scope(community=elsewhere):
        assert codes("тхне аміаком, амоніак", elsewhere) == []


def test_usual_words_can_be_left_out(inside: Community) -> None:
    found_dangers([inside])
    Danger.objects.filter(code="gas").update(with_usual_words=False)
    assert codes("пахне газом", inside) == []


def test_danger_that_is_switched_off_is_not_looked_for(inside: Community) -> None:
    found_dangers([inside])
    Danger.objects.filter(code="gas").update(is_active=False)
    assert codes("пахне газом", inside) == []


def test_category_means_the_danger_that_staff_named(city: City) -> None:
    found_dangers([city.community])
    city.manholes.danger = Danger.objects.get(code="collapse")
    assert codes("", city.community, city.manholes) == ["collapse"]
    assert codes("", city.community, city.roads) == []


def test_gas_category_means_gas_without_any_setting(inside: Community) -> None:
    gas = Category.objects.create(community=inside, code="gas", name="Газ")
    assert codes("", inside, gas) == ["gas"]


def test_line_that_cannot_be_read_takes_no_other_along(inside: Community) -> None:
    Danger.objects.create(
        community=inside, code="own", name="Своє", phones="112", advice="!", words="/ //\nвертоліт*", position=1
    )
    assert codes("впав вертоліт", inside) == ["own"]


def test_numbers_are_dialled_without_spaces(inside: Community) -> None:
    danger = Danger(phones="104, +38 (0432) 51-51-51")
    assert danger.numbers == [("104", "104"), ("+38 (0432) 51-51-51", "+380432515151")]


@pytest.mark.parametrize("phones", ["", "газ", "104;112", "104,"])
def test_danger_without_a_number_is_refused_by_form_and_database(phones: str, inside: Community) -> None:
    danger = Danger(community=inside, code="x", name="X", phones=phones, advice="!")
    with pytest.raises(ValidationError):
        danger.full_clean()
    with pytest.raises(IntegrityError):
        danger.save()


def test_unreadable_line_is_refused_beside_the_field(inside: Community) -> None:
    danger = Danger(community=inside, code="x", name="X", phones="112", advice="!", words="газ\n- \n")
    with pytest.raises(ValidationError) as refusal:
        danger.full_clean()
    assert set(refusal.value.message_dict) == {"words"}


def test_staff_of_another_community_see_and_change_nothing(
    client: Client, inside: Community, lesia: User, taras: User
) -> None:
    found_dangers([inside])
    danger = Danger.objects.get(code="gas")
    address = f"/admin/routing/danger/{danger.pk}/change/"
    client.force_login(lesia)
    assert client.get(address).status_code == 302
    assert danger.name not in client.get("/admin/routing/danger/").content.decode()
    client.force_login(taras)
    assert client.get(address).status_code == 200


def test_stranger_is_sent_to_sign_in(client: Client, inside: Community, serhii: User) -> None:
    client.force_login(serhii)
    assert client.get("/admin/routing/danger/").status_code == 302
