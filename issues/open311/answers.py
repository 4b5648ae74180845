"""Answers to the questions of many reports at once, with the keys by which a program would send them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from issues import assets
from issues.models import Issue
from issues.questions import in_language
from routing.models import Asset, Question

Kind = Question.Kind


def answers_of(issues: Sequence[Issue], language: str) -> dict[int, list[dict[str, Any]]]:
    """Id of a report → its answers in the order of the questions; two statements for all.

    A thing of a register would tell where a blurred report is: it is left out there.
    """
    known = _questions({issue.category_id for issue in issues if issue.answers})
    things = _things(issues, known)
    return {
        issue.pk: [
            _answer(question, answer, things, language)
            for (category, code), question in known.items()
            if category == issue.category_id
            and (answer := issue.answers.get(code))
            and not (question.kind == Kind.ASSET and issue.is_blurred)
        ]
        for issue in issues
    }


def _questions(categories: Iterable[int]) -> dict[tuple[int, str], Question]:
    rows = Question.objects.filter(category__in=categories).order_by("category", "position", "id")
    return {(row.category_id, row.code): row for row in rows}


def _things(issues: Sequence[Issue], known: Mapping[tuple[int, str], Question]) -> dict[str, Asset]:
    """Those that answers name by the id of their version."""
    named = {
        answer
        for issue in issues
        for code, answer in issue.answers.items()
        if (issue.category_id, code) in known
        and known[issue.category_id, code].kind == Kind.ASSET
        and answer.isdecimal()
    }
    return {str(row.pk): row for row in Asset.objects.filter(pk__in=named)} if named else {}


def _answer(question: Question, answer: str, things: Mapping[str, Asset], language: str) -> dict[str, Any]:
    names = {
        option["code"]: in_language(option["text"], option.get("text_en", ""), language) for option in question.options
    }
    key, name = answer, names.get(answer, answer)
    if question.kind == Kind.ASSET and answer != assets.NONE:
        thing = things.get(answer)
        key, name = (thing.key, thing.label) if thing else ("", "")
    text = in_language(question.text, question.text_en, language)
    return {"code": question.code, "question": text, "key": key, "name": name}
