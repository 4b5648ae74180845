from django.db import migrations


def give_usual_dangers(apps, schema_editor):
    """Communities that are there already get the set that new ones get."""
    from routing.usual_dangers import USUAL

    communities = apps.get_model("geodata", "Community").objects.order_by("pk").values_list("pk", flat=True)
    columns = ("code", "name", "name_en", "phones", "advice", "advice_en")
    danger = apps.get_model("routing", "Danger")
    danger._base_manager.bulk_create(
        [
            danger(community_id=pk, position=position * 10, **{name: getattr(one, name) for name in columns})
            for pk in communities
            for position, one in enumerate(USUAL, start=1)
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )


class Migration(migrations.Migration):
    dependencies = [("routing", "0014_dangers_and_words_of_categories")]
    operations = [migrations.RunPython(give_usual_dangers, migrations.RunPython.noop)]
