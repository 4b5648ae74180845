"""Learns from history who answers for what, and writes it as a draft of rules that staff may publish."""

from argparse import ArgumentParser
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django_scopes import scope

from geodata.management.files import community_called
from geodata.models import Community
from routing.learning import (
    CONFIDENCE,
    MOST_UNSURE,
    SUPPORT,
    Lesson,
    Trial,
    cases_of,
    learn,
    names_of,
    try_on,
    write_draft,
)


class Command(BaseCommand):
    help = (
        "Learns rules from reports whose organisation is a fact: a file or a person named it, or it answered. Without "
        "--draft nothing is written. Staff look at the draft and publish it, or do not."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("community", help="slug of the community")
        parser.add_argument(
            "--from", dest="first", type=date.fromisoformat, required=True, help="first day: 2024-01-01"
        )
        parser.add_argument("--to", dest="last", type=date.fromisoformat, required=True, help="last day, included")
        parser.add_argument("--test-to", type=date.fromisoformat, help="try it on the days after --to until this one")
        parser.add_argument("--min-support", type=int, default=SUPPORT, help="fewest reports that make a rule")
        parser.add_argument("--min-confidence", type=float, default=CONFIDENCE, help="least share that agrees, 0 to 1")
        parser.add_argument("--draft", action="store_true", help="write the draft")
        parser.add_argument(
            "--replace", action="store_true", help="in the draft, in place of the rules that categories have already"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        community = community_called(options["community"])
        if options["last"] < options["first"] or (options["test_to"] and options["test_to"] <= options["last"]):
            raise CommandError(_("The last day lies before the first."))
        if options["min_support"] < 1 or not 0 < options["min_confidence"] <= 1:
            raise CommandError(_("Support is at least 1, confidence from 0 to 1."))
        with scope(community=community):
            self.do(community, options)

    def do(self, community: Community, options: dict[str, Any]) -> None:
        """Learns, tells, and writes or does not."""
        since = _begin(options["first"], community)
        until = _begin(options["last"] + timedelta(days=1), community)
        cases = list(cases_of(community, since=since, until=until))
        lesson = learn(cases, support=options["min_support"], confidence=options["min_confidence"])
        self.tell(lesson)
        if not lesson.rules:
            raise CommandError(_("History supports no rule: there are too few reports whose organisation is a fact."))
        with transaction.atomic():
            draft = write_draft(
                lesson, community=community, since=since, until=until, at=timezone.now(), replace=options["replace"]
            )
            if options["test_to"]:
                after = _begin(options["test_to"] + timedelta(days=1), community)
                later = list(cases_of(community, since=until, until=after))
                self.tell_trial(try_on(draft, later, learnt_from=cases))
            if options["draft"]:
                self.stdout.write(_("Written as a draft: %(draft)s. Staff may publish it.") % {"draft": draft})
            else:
                transaction.set_rollback(True)
                self.stdout.write(_("Only tried; nothing was written."))

    def tell(self, lesson: Lesson) -> None:
        """The rules with their support and confidence, and categories that stay without one."""
        known = {rule.organisation for rule in lesson.rules} | {one for who in lesson.unsure.values() for one in who}
        names = names_of(known)
        self.stdout.write(_("Learnt from: %(count)s") % {"count": lesson.cases})
        for rule in lesson.rules:
            place = " · ".join([rule.category, *(rule.place or ())])
            share = round(100 * rule.confidence)
            self.stdout.write(f"{rule.agreeing:>7}/{rule.cases}  {share:>3} %  {place} → {names[rule.organisation]}")
        if lesson.unsure:
            self.stdout.write(_("Not sure enough for a rule:"))
        for category, who in lesson.unsure.items():
            named = ", ".join(f"{names[one]} {count}" for one, count in who.most_common(MOST_UNSURE))
            self.stdout.write(f"  {category}: {named}")

    def tell_trial(self, trial: Trial) -> None:
        """How the draft did on later days, beside two ways to guess."""
        lines = (
            (_("Tried on later reports"), trial.cases),
            (_("the draft names who really answered"), trial.right),
            (_("of the tried, decided by a rule"), trial.by_rule),
            (_("right, naming for each category who answered it most"), trial.right_by_category),
            (_("right, naming who answered most of all"), trial.right_by_one),
        )
        for words, count in lines:
            share = f"  {100 * count / trial.cases:.2f} %" if trial.cases else ""
            self.stdout.write(f"{count:>7}{share}  {words}")


def _begin(day: date, community: Community) -> datetime:
    return datetime.combine(day, time(0), tzinfo=ZoneInfo(community.time_zone))
