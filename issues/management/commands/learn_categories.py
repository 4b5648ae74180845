"""manage.py learn_categories COMMUNITY: learns at once from the community's reports, and says how good it is."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django_scopes import scope

from geodata.models import Community
from issues.fitting import EACH, ENOUGH, KINDS
from issues.learning import learn_categories


class Command(BaseCommand):
    """Learns which words of a community's reports mean which category."""

    help = "Learns which words of a community's reports mean which category, and says how often it is right."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("community", help="the community's name in addresses")

    def handle(self, *_arguments: Any, **options: Any) -> None:
        community = Community.objects.filter(slug=options["community"]).first()
        if community is None:
            raise CommandError(f"There is no community “{options['community']}”.")
        with scope(community=community):
            learnt = learn_categories(community, at=timezone.now())
        if learnt is None:
            few = f"Too few reports: {ENOUGH} in {KINDS} categories with {EACH} each are needed."
            raise CommandError(few)
        share = 100 / learnt.held_back
        self.stdout.write(
            f"{learnt.rows} reports; right among the {learnt.held_back} newest, which were held back: keywords "
            f"{learnt.keywords_right * share:.1f} %, with what was learnt {learnt.blend_right * share:.1f} %. "
            + ("It is used from now on." if learnt.is_better else "It is no better, and is not used.")
        )
