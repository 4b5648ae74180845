"""Who sees a report when it is new, and how it looks when a moderator publishes it."""

from core.models import Visibility
from routing.models import Category


def of_new(category: Category, *, held: bool) -> Visibility:
    """Of a report that was just sent; `held`: the community looks at new ones first."""
    return Visibility.HELD if held or category.hold_new else published(category)


def published(category: Category) -> Visibility:
    """Of a report that strangers may see: the exact place of a sensitive one is not for them, whoever publishes it."""
    return Visibility.COARSE if category.is_sensitive else Visibility.PUBLIC
