"""Look-alikes in the report form: what was offered, and what its reader said to it."""

from datetime import datetime

from django.utils.datastructures import MultiValueDict

from geodata.models import Community
from issues.forms import PlaceForm
from issues.lookalikes import Draft, LookAlike, look_alikes
from issues.models import MAX_TEXT
from issues.support import Voice

Form = MultiValueDict[str, str]  # what a form sent
LONGEST = 600  # characters of `different`: some fifty keys


def similar_to(form: PlaceForm, data: Form, *, community: Community, at: datetime, voice: Voice) -> list[LookAlike]:
    """What is like the report in the form, without what its reader took for something else.

    `form` was checked; an error elsewhere in it does not matter, and without a place or a category there is nothing.
    """
    given = form.cleaned_data
    if "point" not in given or "category" not in given:
        return []
    draft = Draft(
        category=given["category"],
        point=given["point"],
        text=data.get("text", "")[:MAX_TEXT],
        asset=given.get("asset"),
    )
    refused = set(data.get("different", "").split())
    return [one for one in look_alikes(draft, community=community, at=at, voice=voice) if one.key not in refused]


def was_shown(one: LookAlike, data: Form) -> bool:
    """Whether whoever sends this form knows of it: their page showed it, or they wrote or joined it."""
    return one.has_joined or one.key in data.getlist("similar")


def heard(data: Form, do: str) -> str:
    """What the pressed button asks for. “No, mine is another” is noted for as long as the form lives, and the form goes
    on where it was: to be checked, or to be sent when it was stopped because of the look-alikes."""
    if not do.startswith("different"):
        return do
    keys = [*data.get("different", "").split(), *data.getlist("similar")]
    data["different"] = " ".join(dict.fromkeys(keys))[:LONGEST]
    return "send" if do == "different:send" else "check"
