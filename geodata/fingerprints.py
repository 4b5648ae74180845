"""Whether a stored boundary is still what it was, without reading it."""

from django.db.models import BinaryField, CharField, Func
from django.db.models.functions import MD5


def boundary_hash() -> MD5:
    """For `annotate`: 32 hexadecimal digits of the column `boundary`, NULL where there is none."""
    shape = Func("boundary", function="ST_AsBinary", output_field=BinaryField())
    return MD5(shape, output_field=CharField())
