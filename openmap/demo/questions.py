"""What residents of Яворин are asked about a problem of each kind. Words are data, so they are Ukrainian.

Nearly all questions may be left unanswered: the form stays quick.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Ask:
    """A question of a category; each answer is a code, a text and a text in English."""

    category: str
    code: str
    text: str
    text_en: str
    answers: tuple[tuple[str, str, str], ...] = ()
    is_required: bool = False
    kind: str = "choice"
    range: tuple[int, int] | None = None  # of a number
    unit: tuple[str, str] = ("", "")
    register: str = ""  # of a thing that is picked on the map
    after: tuple[str, tuple[str, ...]] = ("", ())  # an earlier question, and answers with which this one is asked


_OTHER = ("other", "Інше", "Something else")
_LONG = (
    ("today", "Із сьогодні", "Since today"),
    ("days", "Кілька днів", "For some days"),
    ("weeks", "Понад тиждень", "For more than a week"),
)
_HOW_MANY = (
    ("flat", "Тільки в нас", "Only in our flat"),
    ("riser", "По стояку чи під’їзду", "In our part of the house"),
    ("house", "У всьому будинку", "In the whole house"),
    ("around", "І в сусідніх будинках", "In houses around too"),
)

OF_STREETS: Final = (
    Ask("roads", "what", "Що з дорогою?", "What is wrong with the road?", (
        ("hole", "Яма", "A hole"),
        ("surface", "Розбите покриття", "The surface is broken"),
        _OTHER,
    )),
    Ask("roads", "deep", "Яка завглибшки?", "How deep is it?", kind="number", range=(1, 200), unit=("см", "cm"),
        after=("what", ("hole",))),
    Ask("sidewalks", "what", "Що з тротуаром?", "What is wrong with the pavement?", (
        ("tiles", "Хитається чи розбита плитка", "Tiles are loose or broken"),
        ("asphalt", "Розбитий асфальт", "The asphalt is broken"),
        ("kerb", "Зламаний бордюр", "The kerb is broken"),
        ("none", "Тротуару немає", "There is no pavement"),
    )),
    Ask("manholes", "what", "Що з люком?", "What is wrong with the manhole?", (
        ("open", "Відкритий", "It is open"),
        ("broken", "Кришка тріснула чи провалилася", "The cover is cracked or has sunk"),
        ("rattles", "Гримить", "It rattles"),
        ("flows", "З нього тече", "Something flows out of it"),
    )),
    Ask("signs", "what", "Що саме?", "What is it about?", (
        ("sign", "Дорожній знак", "A road sign"),
        ("marking", "Розмітка", "Markings"),
        ("lights", "Світлофор", "Traffic lights"),
        ("name", "Табличка з назвою вулиці", "A street nameplate"),
    )),
    Ask("lamps", "how", "Як світить?", "What does it do?", (
        ("dark", "Не світить", "It gives no light"),
        ("blinks", "Блимає", "It blinks"),
        ("day", "Світить удень", "It shines by day"),
        ("broken", "Пошкоджений стовп чи провід", "The pole or the wire is damaged"),
    )),
    Ask("lamps", "many", "Скільки ліхтарів не світить?", "How many are dark?", kind="number", range=(1, 100),
        after=("how", ("dark",))),
    Ask("snow", "what", "Що заважає?", "What is in the way?", (
        ("snow", "Не розчищено сніг", "Snow is not cleared"),
        ("ice", "Слизько, не посипано", "It is slippery and not gritted"),
        ("icicles", "Бурульки на даху", "Icicles on a roof"),
    )),
    Ask("cleaning", "what", "Що прибрати?", "What is to be cleaned?", (
        ("litter", "Сміття на вулиці", "Litter in the street"),
        ("leaves", "Листя", "Leaves"),
        ("dirt", "Пісок, багно", "Sand or mud"),
        ("graffiti", "Написи на стінах", "Writing on walls"),
    )),
)  # fmt: skip

OF_HOUSES: Final = (
    Ask("water", "what", "Що з водою?", "What is wrong with the water?", (
        ("none", "Немає води", "There is none"),
        ("weak", "Слабкий тиск", "The pressure is low"),
        ("dirty", "Брудна чи пахне", "It is dirty or smells"),
        ("leak", "Тече на вулиці", "It leaks in the street"),
    )),
    Ask("water", "since", "Відколи?", "Since when?", kind="date"),
    Ask("sewage", "what", "Що сталося?", "What happened?", (
        ("blocked", "Забилося", "It is blocked"),
        ("overflows", "Витікає назовні", "It overflows"),
        ("smell", "Запах", "There is a smell"),
        ("grate", "Зливова решітка", "A rain grate"),
    )),
    Ask("heating", "where", "Де холодно?", "Where is it cold?", _HOW_MANY),
    Ask("heating", "degrees", "Скільки градусів у кімнаті?", "How warm is the room?", kind="number", range=(-10, 40),
        unit=("°C", "°C")),
    Ask("hot-water", "what", "Що з гарячою водою?", "What is wrong with the hot water?", (
        ("none", "Немає зовсім", "There is none"),
        ("lukewarm", "Ледь тепла", "It is lukewarm"),
        ("dirty", "Брудна", "It is dirty"),
    )),
    Ask("hot-water", "where", "Де саме?", "Where?", _HOW_MANY),
    Ask("power", "house", "Який будинок без світла?", "Which house has no power?", kind="asset", register="houses"),
    Ask("gas", "what", "Що з газом?", "What is wrong with the gas?", (
        ("smell", "Пахне газом", "There is a smell of gas"),
        ("none", "Немає газу", "There is no gas"),
        ("weak", "Слабкий тиск", "The pressure is low"),
    )),
    Ask("yards", "where", "Де саме?", "Where exactly?", (
        ("entrance", "У під’їзді", "In the entrance"),
        ("roof", "На даху", "On the roof"),
        ("basement", "У підвалі", "In the basement"),
        ("yard", "У дворі", "In the yard"),
    ), is_required=True),
    Ask("lifts", "what", "Що з ліфтом?", "What is wrong with the lift?", (
        ("stands", "Не їде", "It does not move"),
        ("noise", "Гримить чи смикається", "It makes noise or jerks"),
        ("door", "Двері", "Its door"),
        ("light", "Немає світла чи кнопки не діють", "No light, or buttons do not work"),
    )),
    Ask("lifts", "long", "Як давно?", "For how long?", _LONG),
    Ask("waste", "what", "Що сталося?", "What happened?", (
        ("full", "Контейнери переповнені", "Containers are full"),
        ("missed", "Не вивезли вчасно", "It was not collected on time"),
        ("broken", "Контейнер пошкоджений", "A container is damaged"),
        ("none", "Немає контейнера", "There is no container"),
    )),
    Ask("dumps", "what", "Що там викинули?", "What was dumped?", (
        ("household", "Побутове сміття", "Household waste"),
        ("rubble", "Будівельне сміття", "Rubble"),
        ("tyres", "Шини, меблі, техніка", "Tyres, furniture, appliances"),
        ("danger", "Хімію, батарейки, шифер", "Chemicals, batteries, asbestos"),
    )),
)  # fmt: skip

OF_PLACES: Final = (
    Ask("trees", "what", "Що з деревом?", "What is wrong with the tree?", (
        ("fallen", "Дерево чи гілка вже впали", "It has fallen, or a branch has"),
        ("dangerous", "Може впасти", "It may fall"),
        ("dry", "Всохло", "It is dry"),
        ("branches", "Гілки заважають", "Its branches are in the way"),
    )),
    Ask("playgrounds", "what", "Що не так?", "What is wrong?", (
        ("broken", "Щось зламане", "Something is broken"),
        ("danger", "Дитина може поранитися", "A child may get hurt"),
        ("dirty", "Брудно", "It is dirty"),
        _OTHER,
    )),
    Ask("benches", "what", "Що саме?", "What is it about?", (
        ("bench", "Лавка", "A bench"),
        ("bin", "Урна", "A litter bin"),
        ("fountain", "Фонтан чи питна вода", "A fountain or drinking water"),
        _OTHER,
    )),
    Ask("transport", "what", "Що саме?", "What is it about?", (
        ("stop", "Зупинка", "The stop"),
        ("late", "Не дотримуються розкладу", "The timetable is not kept"),
        ("driver", "Поведінка водія", "How the driver behaves"),
        ("vehicle", "Стан автобуса", "The state of the bus"),
    )),
    Ask("transport", "route", "Який маршрут?", "Which route?", kind="text",
        after=("what", ("late", "driver", "vehicle"))),
    Ask("access", "whom", "Кому важко?", "For whom is it hard?", (
        ("wheelchair", "На кріслі колісному", "In a wheelchair"),
        ("pram", "З дитячим візком", "With a pram"),
        ("sight", "Хто не бачить", "Who does not see"),
        ("hearing", "Хто не чує", "Who does not hear"),
    )),
    Ask("parking", "where", "Де стоять машини?", "Where do cars stand?", (
        ("pavement", "На тротуарі", "On the pavement"),
        ("lawn", "На газоні", "On a lawn"),
        ("crossing", "На переході чи зупинці", "On a crossing or at a stop"),
        ("access", "На місці для людей з інвалідністю", "In a place for people with disabilities"),
        ("passage", "Перекрили проїзд", "They block the way"),
    )),
    Ask("kiosks", "what", "Що саме?", "What is it about?", (
        ("kiosk", "Кіоск чи намет", "A kiosk or a stall"),
        ("sign", "Вивіска чи щит", "A sign or a billboard"),
        ("posters", "Розклеєні оголошення", "Pasted notices"),
    )),
    Ask("building", "what", "Що будують?", "What is being built?", (
        ("house", "Будинок чи прибудову", "A house or an extension"),
        ("fence", "Паркан чи шлагбаум", "A fence or a barrier"),
        ("garage", "Гараж", "A garage"),
        _OTHER,
    )),
    Ask("building", "board", "Чи є паспорт будівництва?", "Is there a sign with the permit?", (
        ("yes", "Є", "Yes"),
        ("no", "Немає", "No"),
    )),
    Ask("animals", "what", "Що сталося з твариною?", "What happened to the animal?", (
        ("hurt", "Потребує допомоги", "It needs help"),
        ("lost", "Загубилася чи знайшлася", "It is lost or was found"),
        ("danger", "Поводиться небезпечно", "It is dangerous"),
    ), is_required=True),
    Ask("animals", "looks", "Як її впізнати?", "What does it look like?", kind="text",
        after=("what", ("lost", "danger"))),
    Ask("shelters", "what", "Що з укриттям?", "What is wrong with the shelter?", (
        ("closed", "Зачинене", "It is closed"),
        ("dirty", "Брудно чи стоїть вода", "It is dirty or flooded"),
        ("access", "Важко зайти", "It is hard to enter"),
        ("inside", "Немає світла, води, місця", "No light, water or room"),
    )),
    Ask("other", "whom", "Кого це стосується?", "Whom does it concern?", (
        ("me", "Тільки мене", "Only me"),
        ("house", "Мій будинок", "My house"),
        ("street", "Усю вулицю", "The whole street"),
    )),
)  # fmt: skip

ASKS: Final = (*OF_STREETS, *OF_HOUSES, *OF_PLACES)
