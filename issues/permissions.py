"""Who may move a report on. Who may see one is core.models.visible_to, asked everywhere."""

from issues.states import State
from issues.workflow import Actor, move


def may_move(actor: Actor, was: State | str, now: State | str) -> bool:
    """True when the table has this move and lets this kind of actor make it."""
    allowed = move(was, now)
    return allowed is not None and actor in allowed.by
