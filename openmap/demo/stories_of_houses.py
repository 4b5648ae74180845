"""More of what happened in Яворин: houses with their keepers, and reports that the registers lead to somebody."""

from typing import Final

from openmap.demo.stories import Story, Turn


def _t(day: int, clock: str, do: str, words: str = "", scene: str = "") -> Turn:
    return Turn(day, clock, do, words, scene)


HOUSES_AND_KEEPERS: Final = (
    Story("yards", "вул. Сонячна", 40, 5, "18:10", "Домофон не пускає, двері під’їзду відчинені всю ніч.", "",
          (_t(1, "9:20", "accept", "Майстер прийде в четвер."),), answers=(("where", "entrance"),), entrance="2"),
    # ОСББ «Ялинка» gave no address: the page says so.
    Story("yards", "вул. Ялинкова", 50, 3, "8:35", "У підвалі стоїть вода, чути аж на першому поверсі.", "",
          answers=(("where", "basement"),)),
    Story("yards", "вул. Залізнична", 52, 9, "12:20", "Після вітру з даху звисає край бляхи.", "",
          (_t(0, "14:00", "accept"), _t(2, "11:10", "finish", "Закріпили, перевірили весь дах."),
           _t(2, "19:00", "confirm")), answers=(("where", "roof"),)),
    Story("yards", "вул. Ринкова", 30, 8, "17:45", "У дворі по коліно листя, двірника не бачили з вересня.", "",
          (_t(1, "8:40", "accept"), _t(2, "10:30", "finish", "Прибрали, далі щосуботи.")),
          answers=(("where", "yard"),)),
    Story("trees", "вул. Соборна", 45, 7, "6:40", "Уночі впала велика гілка, лежить на дорозі.", "branch",
          (_t(0, "7:30", "start"), _t(0, "9:15", "finish", "Розпиляли й вивезли, проїзд вільний.", "lawn"),
           _t(0, "18:20", "confirm")), answers=(("what", "fallen"),)),
    Story("roads", "проспект Миру", 30, 13, "7:35", "Глибока колія перед світлофором, авто кидає на зустрічну.",
          "pothole", (_t(2, "10:30", "accept", "Дорога державна, фрезерування у планах на цей місяць."),)),
    Story("roads", "вул. Паромна", 50, 14, "9:10", "Проїзд до річки розмило, далі не проїхати.", "puddle",
          (_t(1, "9:40", "refuse", "Цей проїзд зробили під час ремонту мосту, до нас його не передавали."),
           _t(2, "12:00", "accept", "Визначимо, чий проїзд, і відсиплемо."))),
)  # fmt: skip
