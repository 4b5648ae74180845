"""Categories that a file of another system names."""

from collections.abc import Iterable, Sequence

from django.core.validators import slug_re
from django.utils.text import slugify
from translitua import translit

from core.copying import next_ids
from geodata.models import Community
from issues.import_mapping import LEFT_OUT, FileMapping
from issues.import_reasons import RejectedRowError
from routing.models import Category

MOST_CODE, MOST_NAME = 60, 120  # characters, as in the table


class Categories:
    """The community's categories, found by code or by name; makes missing ones when that is asked for."""

    def __init__(self, community: Community, *, mapping: FileMapping, create: bool, dry_run: bool) -> None:
        self._community, self._mapping = community, mapping
        self._create, self._dry_run = create, dry_run
        self._known: dict[str, Category] = {}
        self._wanted: dict[str, Category] = {}  # not made yet, by code
        self._made: list[Category] = []
        for category in Category.objects.filter(community=community):
            self._remember(category)

    @property
    def created(self) -> Sequence[Category]:
        """Those that were made, or in a dry run would be."""
        return self._made

    def find(self, said: str, name: str) -> Category:
        """The category that the file means; a missing one is there when it was kept. Raises RejectedRowError:
        category, left_out."""
        wanted = self._mapping.categories.get(said.casefold(), said)
        if wanted == LEFT_OUT and said != LEFT_OUT:
            raise RejectedRowError("left_out", said=said[:MOST_NAME])
        found = self._known.get(wanted.casefold())
        if found is not None:
            return found
        if not self._create:
            raise RejectedRowError("category", said=said[:MOST_NAME])
        return self._make(wanted, name or said)

    def keep(self, used: Iterable[Category]) -> None:
        """Makes those of `used` that are missing, in the transaction of the reports that have them."""
        for category in used:
            if self._wanted.get(category.code) is category:
                if not self._dry_run:
                    category.save(force_insert=True)
                self._made.append(self._wanted.pop(category.code))

    def _make(self, wanted: str, name: str) -> Category:
        code = wanted.lower() if slug_re.match(wanted) else slugify(translit(wanted))
        if not code or len(code) > MOST_CODE:
            raise RejectedRowError("category", said=wanted[:MOST_NAME])
        found = self._known.get(code)
        if found is None:
            found = Category(community=self._community, code=code, name=name[:MOST_NAME])
            if not self._dry_run:
                (found.pk,) = next_ids(Category, 1)
            self._wanted[code] = found
            self._remember(found)
        self._known[wanted.casefold()] = found
        return found

    def _remember(self, category: Category) -> None:
        self._known.setdefault(category.name.casefold(), category)
        self._known[category.code.casefold()] = category
