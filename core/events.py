"""What happens in core by itself, for the apps above: connected in their AppConfig.ready()."""

from django.dispatch import Signal

# A message was given up, in the transaction that writes it down. `message`: the OutboxMessage, as it is now; `at`.
message_died = Signal()

# A way out (`way`: a Way) is down; `at`. Sent every minute, outside of a transaction.
way_stays_down = Signal()
