"""What a report may be about, and what is asked then: read with every report, as it was two seconds ago at most."""

import re

from geodata.lately import lately
from geodata.models import Community
from routing.models import Category, Question

_CODE = re.compile(r"[-\w]{1,60}", re.ASCII)


def category_called(code: str, *, community: Community) -> Category | None:
    """The category of that code that may be chosen, with its register and danger; None when there is none.

    Must be called inside the community's scope.
    """
    if not _CODE.fullmatch(code):
        return None
    try:
        return lately(f"category:{community.pk}:{code}", lambda: _read(code, community))
    except Category.DoesNotExist:  # which is not kept: nobody fills the memory with what they make up
        return None


def _read(code: str, community: Community) -> Category:
    rows = Category.objects.select_related("register", "danger")
    found: Category = rows.get(community=community, is_active=True, code=code)
    return found


def questions_of(category: Category) -> list[Question]:
    """What the category asks, in its order, each with its register. Must be called inside the community's scope."""
    key = f"questions:{category.pk}"
    return lately(key, lambda: list(Question.objects.filter(category=category).select_related("register")))
