from celery import shared_task

from core import outbox


@shared_task(name="core.tasks.send_due")
def send_due() -> int:
    """Sends what is due in the outbox; returns how many messages left."""
    return outbox.send_due()
