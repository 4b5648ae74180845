from django.contrib.postgres.operations import CreateExtension
from django.db import migrations


class Migration(migrations.Migration):
    """Names with slips that trigrams do not find: geodata.street_candidates."""

    dependencies = [
        ('geodata', '0006_shapes_have_a_key'),
    ]

    operations = [
        CreateExtension('fuzzystrmatch'),
    ]
