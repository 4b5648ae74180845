"""What happens here by itself, for upper apps to hear of: connected in openmap."""

from django.dispatch import Signal

# The ground of a community was cut anew: areas came, ended or were corrected, or its boundary changed. Sent inside the
# transaction, with `community`.
areas_changed = Signal()

# Communities were made. Sent inside the transaction that made them, with `communities`.
communities_made = Signal()
