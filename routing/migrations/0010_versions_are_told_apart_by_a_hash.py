"""Versions of a thing are kept apart by a hash of its key: comparing the text took nine tenths of an import."""

import django.contrib.postgres.constraints
import django.db.models.deletion
from django.db import migrations, models

import geodata.models


class Migration(migrations.Migration):

    dependencies = [
        ('geodata', '0003_codifier'),
        ('routing', '0009_decision_in_few_statements'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='asset',
            name='asset_versions_do_not_overlap',
        ),
        migrations.AddIndex(
            model_name='asset',
            index=models.Index(fields=['register', 'key'], name='asset_key'),
        ),
        migrations.AlterField(
            model_name='asset',
            name='register',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='assets', to='routing.register', verbose_name='register'),
        ),
        migrations.AddConstraint(
            model_name='asset',
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('register', '='), (models.Func(models.F('key'), models.Value(0), function='hashtextextended', output_field=models.BigIntegerField()), '='), (geodata.models.DateRange('valid_from', 'valid_to'), '&&')], name='asset_versions_do_not_overlap'),
        ),
    ]
