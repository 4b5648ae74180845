"""How much two short texts say the same, whatever the forms of their words: “люк без кришки”, “немає кришки люка”."""

import re

WORD = re.compile(r"[^\W\d_]+(?:[ʼ’'`][^\W\d_]+)*")
APOSTROPHES = re.compile("[ʼ’'`]")
SHORTEST = 3  # letters: what is shorter carries no meaning of its own
LIKE = 4  # letters that two long stems must begin with to be one word
LONGER = 3  # letters that one of them may have more
# Words that stand in any report.
_COMMON = """
або але без біля були буде бути від вже він вона воно вони вся все всі ввечері вночі вранці вулиці вулиця для дуже
зараз його коли куди люди людям між може можна моя наш наша над нам нас нема немає ось під після перед поки поруч при
про просто проти прошу будь ласка сьогодні вчора там так тут також такий тільки той того треба хто цей цього чому
через чи що щоб яка який які ще досі день дня днів тиждень третій другий другу возле около уже нету нет это эта этот
если что где когда очень the and has have with this that there near from
"""
# Endings of nouns, adjectives and verbs, Ukrainian and Russian; two letters of the word always stay.
_ENDINGS = """
ого ому ими ами ями ові еві єві ією ість ться тися лися лося лась лися аться яться его ему ыми ях ах ів їв ій ий им їм
ім их їх ою ею єю ої ти ла ло ли ає яє ує ють уть ять ать ить ыя ая яя ое ее ый ом ем ам ям ев ов ей а я и і ї у ю о е
є ь й ы
"""
COMMON = frozenset(_COMMON.split())
ENDINGS = sorted(_ENDINGS.split(), key=len, reverse=True)


def stems(text: str) -> frozenset[str]:
    """The stems of the words that carry meaning, in lower case and without apostrophes."""
    words = (APOSTROPHES.sub("", word.lower()) for word in WORD.findall(text))
    return frozenset(_stem(word) for word in words if len(word) >= SHORTEST and word not in COMMON)


def likeness(one: str, other: str) -> float:
    """0.0 to 1.0: the share of the words of the shorter text that the longer one has too; 0.0 for no words.

    One shared word of a text of one or two is a chance, so a text counts as at least three words.
    """
    few, many = sorted((stems(one), stems(other)), key=len)
    if not few:
        return 0.0
    shared = sum(any(_same(stem, found) for found in many) for stem in few)
    return shared / max(len(few), 3)


def _stem(word: str) -> str:
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 2:
            return word[: -len(ending)]
    return word


def _same(one: str, other: str) -> bool:
    """Equal, or alike in the beginning: “ліхтар” and “ліхтарн”, “криш” and “кришк”."""
    short, long = sorted((one, other), key=len)
    if one == other or len(short) < LIKE:
        return one == other
    return long.startswith(short[: max(LIKE, len(short) - 1)]) and len(long) - len(short) <= LONGER
