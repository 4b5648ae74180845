from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("routing", "0002_report_is_sent_once")]
    operations = [
        migrations.AddIndex(
            model_name="rule",
            index=models.Index(fields=["division", "area_code"], condition=Q(is_active=True), name="rule_of_an_area"),
        )
    ]
