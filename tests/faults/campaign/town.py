"""The town of the campaign: python -m tests.faults.campaign.town FOLDER URL, in the service's environment.

Ten organisations, each for a kind of problem of its own; a resident lives in every place, thirty metres from the next.
A program hears of half of the kinds by a webhook at URL; its secret is written to FOLDER/hook.secret.
"""

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

SLUG: Final = "kampania"
ORGANISATIONS: Final = 10
ORIGIN: Final = (28.46, 49.22)  # longitude and latitude of the first place
STEP: Final = (0.00042, 0.00027)  # degrees: about thirty metres
ROW: Final = 200  # places from west to east
LONG_AGO: Final = datetime(2020, 1, 1, 10, 0, tzinfo=UTC)


def place(resident: int) -> tuple[float, float]:
    """Longitude and latitude of where a resident reports from."""
    north, east = divmod(resident, ROW)
    return ORIGIN[0] + east * STEP[0], ORIGIN[1] + north * STEP[1]


def kind(resident: int) -> str:
    """Code of the category of their report."""
    return f"kind-{resident % ORGANISATIONS}"


def address(organisation: int) -> str:
    """Where that organisation reads its letters."""
    return f"organisation-{organisation}@example.org"


def found(folder: Path, url: str) -> None:
    """Writes the town into the database."""
    import shapely
    from django_scopes import scope

    from accounts.models import ApiClient, Organisation
    from geodata.actions import create_community
    from notifications.hooks import Wanted, create
    from routing.models import Category, Channel, CommunityRouting, Rule
    from routing.rulesets import new_draft, publish

    west, south = ORIGIN
    ground = shapely.box(west - 0.01, south - 0.01, west + 0.12, south + 0.1)
    community = create_community(slug=SLUG, name="Громада випробувань", boundary=ground)
    with scope(community=community):
        rules = new_draft(community=community, at=LONG_AGO)
        for number in range(ORGANISATIONS):
            organisation = Organisation.objects.create(name=f"КП «Служба {number}»")
            Channel.objects.create(community=community, organisation=organisation, address=address(number))
            category = Category.objects.create(
                community=community, code=f"kind-{number}", name=f"Вид {number}", working_days=5, near_metres=5
            )
            Rule.objects.create(
                community=community,
                ruleset=rules,
                category=category,
                organisation=organisation,
                valid_from=date(2020, 1, 1),
            )
        council = Organisation.objects.create(name="Рада випробувань")
        Channel.objects.create(community=community, organisation=council, address="council@example.org")
        CommunityRouting.objects.create(community=community, fallback=council)
        publish(rules, moment=LONG_AGO, at=LONG_AGO)
        program = ApiClient.objects.create(community=community, organisation=council)
        wanted = Wanted(url=url, categories=[kind(number) for number in range(ORGANISATIONS // 2)])
        (folder / "hook.secret").write_text(create(client=program, wanted=wanted, at=datetime.now(tz=UTC))[1])


if __name__ == "__main__":
    import django

    django.setup()
    found(Path(sys.argv[1]), sys.argv[2])
