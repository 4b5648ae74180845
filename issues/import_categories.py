"""Categories that a file of another system names."""

from collections.abc import Sequence

from django.core.validators import slug_re
from django.utils.text import slugify
from translitua import translit

from geodata.models import Community
from issues.import_mapping import FileMapping
from issues.import_reasons import RejectedRowError
from routing.models import Category

MOST_CODE, MOST_NAME = 60, 120  # characters, as in the table


class Categories:
    """The community's categories, found by code or by name; makes missing ones when that is asked for."""

    def __init__(self, community: Community, *, mapping: FileMapping, create: bool, dry_run: bool) -> None:
        self._community, self._mapping = community, mapping
        self._create, self._dry_run = create, dry_run
        self._known: dict[str, Category] = {}
        self._made: list[Category] = []
        for category in Category.objects.filter(community=community):
            self._remember(category)

    @property
    def created(self) -> Sequence[Category]:
        """Those that were made, or in a dry run would be."""
        return self._made

    def find(self, said: str, name: str) -> Category:
        """The category that the file means. Raises RejectedRowError "category"."""
        wanted = self._mapping.categories.get(said, said)
        found = self._known.get(wanted.casefold())
        if found is not None:
            return found
        if not self._create:
            raise RejectedRowError("category", said=said[:MOST_NAME])
        return self._make(wanted, name or said)

    def _make(self, wanted: str, name: str) -> Category:
        code = wanted.lower() if slug_re.match(wanted) else slugify(translit(wanted))
        if not code or len(code) > MOST_CODE:
            raise RejectedRowError("category", said=wanted[:MOST_NAME])
        found = self._known.get(code)
        if found is None:
            found = Category(community=self._community, code=code, name=name[:MOST_NAME])
            if not self._dry_run:
                found.save()
            self._made.append(found)
            self._remember(found)
        self._known[wanted.casefold()] = found
        return found

    def _remember(self, category: Category) -> None:
        self._known.setdefault(category.name.casefold(), category)
        self._known[category.code.casefold()] = category
