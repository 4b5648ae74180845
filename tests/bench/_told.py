"""Reports made up by rules, for `./misto bench suggest`: no collection of real Ukrainian reports with categories is at
hand. Each line is one way to tell of a problem; two of six are held back whole, so that nothing is learnt by heart."""

import random
from collections.abc import Iterator
from typing import Final

HELD_BACK = {2, 6}  # ways of each category: one in Ukrainian, one in Russian
WHERE = (
    "на вулиці Ткацькій", "біля школи", "біля зупинки", "у дворі", "навпроти аптеки", "біля магазину", "на Садовій",
    "біля під’їзду", "на розі", "возлє садіка", "коло церкви", "біля дитячого майданчика", "на дорозі",
    "біля будинку 9", "возле рынка", "за гаражами", "на нашій вулиці", "", "", "",
)  # fmt: skip
WHEN = ("вже тиждень", "третій день", "з самого ранку", "уже месяц", "після дощу", "ввечері", "постоянно", "", "", "")
BEFORE = ("Добрий день!", "Прошу розібратися.", "Допоможіть,", "Скільки можна?", "Здравствуйте,", "", "", "", "", "")
AFTER = (
    "Прийміть міри.",
    "Коли це закінчиться?",
    "Люди скаржаться.",
    "Дякую.",
    "Небезпечно для дітей.",
    "",
    "",
    "",
    "",
)
MISTYPED, SURZHYK = 0.08, 0.25  # of words; of words that have another form
OTHER_FORMS: Final = {
    "світло": "свет", "немає": "нема", "сміття": "мусор",
    "дах": "криша", "стоїть": "стоїт", "зупинка": "остановка", "будинок": "дом", "собаки": "собакі",
    "величезна": "огромна", "відкритий": "открытий", "зламана": "сломана", "тече": "тіче", "гілки": "вєтки",
    "вулиця": "улиця", "повністю": "полностю", "темно": "тьомно", "брудно": "грязно", "третій": "третий",
}  # fmt: skip

_TOLD: Final = {
    "roads": """
Яма на проїжджій частині {where} {when}
Розбита дорога, пробив колесо {where}
Яма в асфальте {where}, машины объезжают по встречке
Після зими асфальт зійшов {where}, самі вибоїни
Провалилася частина проїзду {where}
Ухабы такие, что подвеску оставили {where}
""",
    "sidewalks": """
Тротуар розбитий {where}, не пройти
Плитка повипадала {where} {when}
Пешеходная дорожка вся в трещинах {where}
На тротуарі яма {where}, бабуся впала
Хитається бруківка {where}
По этой дорожке ходить невозможно, плитка шатается {where}
""",
    "manholes": """
Відкритий люк {where} {when}
Немає кришки на колодязі {where}
Люк без крышки {where}, ребенок чуть не упал
Кришка люка зсунута {where}
Провалився люк {where}
Кто-то украл крышку с колодца {where}
""",
    "lamps": """
Не горить ліхтар {where} {when}
Темно ходити {where}, освітлення немає
Не горит фонарь {where} {when}
Лампочка на стовпі блимає {where}
Вимкнули вуличне освітлення {where}
Ночью ничего не видно {where}, фонари не работают
""",
    "waste": """
Сміття не вивозять {where} {when}
Контейнери переповнені {where}
Мусор не вывозят {where} {when}
Урни повні {where}, ніхто не прибирає
Баки стоять забиті {where} {when}
Мусорка переполнена, вонь на весь двор {where}
""",
    "dumps": """
Стихійне звалище {where}
Вивалили будівельне сміття {where}
Свалка {where} растет {when}
Хтось скидає шини й мотлох {where}
Купа будівельних відходів {where}
Строительный мусор выбросили прямо {where}
""",
    "water": """
Немає води {where} {when}
Прорвало трубу, вода тече {where}
Нет воды {where} {when}
З крана тече іржава вода {where}
Слабкий напір холодної води {where}
Порыв водопровода, заливает улицу {where}
""",
    "sewage": """
Каналізація тече на вулицю {where}
Забилася зливова решітка, калюжа {where}
Канализация забита, вонь {where}
Після зливи затопило {where}
Нечистоти витікають {where} {when}
Ливневка не справляется, лужи по колено {where}
""",
    "heating": """
Батареї холодні {where} {when}
Немає гарячої води {where} {when}
Нет отопления {where} {when}
Опалення досі не дали {where}
У квартирі холодно, ледь теплі радіатори {where}
Горячая вода еле теплая {where}
""",
    "power": """
Немає світла в будинку {where} {when}
Дроти провисли {where}
Отключили свет {where} {when}
Стрибає напруга, горить техніка {where}
Іскрить трансформатор {where}
Оборвался провод, электричества нет {where}
""",
    "gas": """
Пахне газом {where}
Слабкий тиск газу {where} {when}
Запах газа {where}
Відключили газ {where} {when}
Газова труба іржава {where}
Газопровод поврежден {where}
""",
    "trees": """
Дерево впало {where}
Сухі гілки над доріжкою {where}
Аварийное дерево {where}, может упасть
Треба покосити траву {where}
Гілляка висить на дротах {where}
Ветки лежат после бури {where}
""",
    "playgrounds": """
Зламана гойдалка {where}
Гірка на дитячому майданчику з дірою {where}
Сломаны качели {where}
У пісочниці скло {where}
Тренажери поламані {where}
Детская площадка в ужасном состоянии {where}
""",
    "transport": """
Автобус не приїхав {where} {when}
Маршрутка не зупиняється {where}
Маршрутка не ходит по расписанию {when}
Павільйон зупинки без скла {where}
Тролейбуси ходять раз на годину {when}
Водитель маршрутки хамит и не дает сдачу
""",
    "access": """
Немає пандуса {where}
З візком не заїхати {where}, високий бордюр
Нет пандуса {where}, инвалид не может войти
Тактильна плитка веде у стовп {where}
Підйомник для людей з інвалідністю не працює {where}
С коляской по лестнице не подняться {where}
""",
    "parking": """
Машини паркують на газоні {where}
Авто перекрило виїзд {where} {when}
Припарковались на тротуаре {where}
Покинута автівка стоїть {where} {when}
Фура стоїть під вікнами {where} {when}
Машину бросили поперек прохода {where}
""",
    "animals": """
Зграя собак {where}, кидаються
Бездомний пес покусав дитину {where}
Стая бродячих собак {where} {when}
Мертвий кіт лежить {where} {when}
Щури бігають {where}
Кошку сбили, лежит {where}
""",
    "shelters": """
Укриття зачинене під час тривоги {where}
У сховищі немає світла й води {where}
Бомбоубежище закрыто {where}
Підвал, позначений як укриття, затоплений {where}
Ключ від укриття невідомо в кого {where}
Во время тревоги нас не пустили в убежище {where}
""",
    "yards": """
Протікає дах {where} {when}
Ліфт не працює {where} {when}
Крыша течет {where}, последний этаж
У під’їзді розбиті двері й домофон {where}
Штукатурка сиплеться з фасаду {where}
Лифт застрял {where} {when}
""",
    "snow": """
Не прибирають сніг {where} {when}
Слизько, не посипано {where}
Гололед {where}, люди падают
Бурульки висять над входом {where}
Кучугури на переході {where}
Снег не чистят {where} {when}
""",
}
TOLD: Final = {code: ways.strip().splitlines() for code, ways in _TOLD.items()}


def told(many: int, *, held_back: bool, seed: int) -> Iterator[tuple[str, str]]:
    """(text, code) of so many reports; categories come in unequal numbers, as everywhere."""
    chance = random.Random(seed)
    codes = list(TOLD)
    shares = [1 / (place + 2) for place in range(len(codes))]
    for _number in range(many):
        (code,) = chance.choices(codes, shares)
        ways = [way for place, way in enumerate(TOLD[code], start=1) if (place in HELD_BACK) == held_back]
        yield _spoken(chance.choice(ways), chance), code


def _spoken(way: str, chance: random.Random) -> str:
    parts = [chance.choice(BEFORE), way, chance.choice(AFTER)]
    text = " ".join(parts).format(where=chance.choice(WHERE), when=chance.choice(WHEN))
    return " ".join(_mistyped(_other_form(word, chance), chance) for word in text.split())


def _other_form(word: str, chance: random.Random) -> str:
    other = OTHER_FORMS.get(word.lower().strip(",.!"))
    return other if other and chance.random() < SURZHYK else word


def _mistyped(word: str, chance: random.Random) -> str:
    """Perhaps with one letter missing, doubled, swapped with its neighbour, or the one beside it on the keyboard."""
    if len(word) < 4 or chance.random() >= MISTYPED:
        return word
    at = chance.randrange(1, len(word) - 1)
    slips = (
        word[:at] + word[at + 1 :],
        word[:at] + word[at] + word[at:],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + chance.choice("йцукенгшщзхїфівапролджєячсмитьбю") + word[at + 1 :],
    )
    return chance.choice(slips)
