"""How alike texts have to be for the operators of pg_trgm, which use an index: a filter would read the table."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from geodata.replica import read_alias, reading

USUAL = "0.6"  # as pg_trgm has it


@contextmanager
def alike_from(share: float) -> Iterator[None]:
    """Within the block a word is like another when they have this share of their triples of letters in common."""
    with transaction.atomic(using=read_alias()), reading().cursor() as cursor:
        # A new connection does not know the setting before it first compares something.
        cursor.execute("SELECT COALESCE(current_setting('pg_trgm.word_similarity_threshold', true), %s)", [USUAL])
        ((usual,),) = cursor.fetchall()
        cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)", [str(share)])
        yield
        cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)", [usual])
