"""The reporter's address becomes a follow. It counts as confirmed when a letter reached it before; a report that was taken
back needs none."""

import base64
import hashlib
import hmac
import uuid
from datetime import timedelta

from django.conf import settings
from django.db import migrations


def derived_digest(token_id):
    """As secret links were derived on the day of this migration."""
    mac = hmac.new(b"misto secret link" + settings.SECRET_KEY.encode(), token_id.bytes, hashlib.sha256).digest()
    secret = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
    return hashlib.sha256(secret.encode()).digest()


def addresses_become_follows(apps, schema_editor):
    Issue = apps.get_model("issues", "Issue")
    Message = apps.get_model("core", "OutboxMessage")
    Token = apps.get_model("core", "Token")
    Follow = apps.get_model("notifications", "Follow")
    for issue in Issue._base_manager.exclude(reporter_email="").exclude(state="withdrawn").iterator():
        written = Message._base_manager.filter(
            subject=issue.subject_id, audience="author", recipient=issue.reporter_email, sent_at__isnull=False
        ).order_by("sent_at")
        reached_at = written.values_list("sent_at", flat=True).first()
        token_id = uuid.uuid4()
        token = Token._base_manager.create(
            id=token_id,
            community_id=issue.community_id,
            subject_id=issue.subject_id,
            purpose="follow",
            digest=derived_digest(token_id),
            created_at=issue.created_at,
            expires_at=issue.changed_at + timedelta(days=3 * 365),
        )
        Follow._base_manager.create(
            community_id=issue.community_id,
            subject_id=issue.subject_id,
            email=issue.reporter_email,
            language=issue.language,
            role="author",
            token=token,
            created_at=issue.created_at,
            confirmed_at=reached_at,
        )


class Migration(migrations.Migration):

    dependencies = [
        ('core', '0003_jobs'),
        ('issues', '0010_corrections'),
        ('notifications', '0001_follows'),
    ]

    operations = [migrations.RunPython(addresses_become_follows, migrations.RunPython.noop)]
