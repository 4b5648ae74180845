"""How what an author sees and does is written in the API."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.serializers import (
    BooleanField,
    CharField,
    ChoiceField,
    DictField,
    EmailField,
    IntegerField,
    ListField,
    Serializer,
    URLField,
    UUIDField,
)

from api.schema import geometry_field
from core.models import Visibility
from issues.answering import REPORTER_MOVES
from issues.api_reporting import PointSerializer
from issues.api_shapes import EventSerializer, ReportWhole
from issues.api_writes import dangers_field, photos_field, words_field
from issues.models import MAX_TEXT
from media.models import Photo

MOST_REMOVED = 50
LONGEST_EMAIL = 254
ACTS = (*REPORTER_MOVES, "reply", "hide_name")


class OwnPhotoSerializer(Serializer[Any]):
    """A photo of the problem; who holds the author's token sees it also where strangers do not."""

    id = UUIDField()
    state = ChoiceField(choices=Photo.State.choices)
    error = CharField(allow_blank=True, help_text=_("Why nobody sees it; mostly empty."))
    small = URLField(allow_null=True, help_text=_("400 px, WebP; null until it is cleaned. Good for an hour."))
    large = URLField(allow_null=True, help_text=_("1600 px, WebP; null until it is cleaned. Good for an hour."))
    hidden = IntegerField(help_text=_("How many places are hidden on it."))
    can_remove = BooleanField(help_text=_("By a correction; not those that others added."))


class LettersSerializer(Serializer[Any]):
    """Where letters about the report go."""

    address = CharField(help_text=_("Enough of it to be known again."))
    is_confirmed = BooleanField(
        help_text=_("Until its owner opens the link of a letter, nothing else is written there.")
    )


class GivenSerializer(Serializer[Any]):
    """What was given, by the names under which a correction takes it."""

    category = CharField()
    location = PointSerializer()
    text = CharField()
    address = CharField()
    asset = CharField()
    entrance = CharField()
    flat = CharField()
    answers = DictField(child=CharField())
    name = CharField()
    shows_name = BooleanField()


class OwnReportWhole(ReportWhole):
    """All that the author's page shows: the exact place, the name, and what may be done."""

    visibility = ChoiceField(choices=Visibility.choices)
    may = ListField(child=CharField(), help_text=_("Names of acts that are possible now, and “correct”."))
    question = CharField(help_text=_("What the organisation asks, while it waits for an answer."))
    letters = LettersSerializer(allow_null=True)
    own_photos = OwnPhotoSerializer(many=True)
    given = GivenSerializer()
    events = EventSerializer(many=True, help_text=_("What happened, the newest first."))


class OwnReportFeature(Serializer[Any]):
    """The author's report as a GeoJSON feature (lon, lat)."""

    type = ChoiceField(choices=["Feature"])
    id = IntegerField(help_text=_("Its number in the community."))
    geometry = geometry_field("Point")
    properties = OwnReportWhole()


class ActSerializer(Serializer[Any]):
    """What the author does; `may` of the report names what is possible now."""

    do = ChoiceField(choices=ACTS)
    text = words_field()
    photos = photos_field()


class CorrectionSerializer(Serializer[Any]):
    """What is corrected; what is left out stays. Another category is asked its questions anew."""

    category = CharField(max_length=60, required=False)
    location = PointSerializer(required=False)
    text = CharField(max_length=MAX_TEXT + 1000, required=False, trim_whitespace=False)
    address = CharField(max_length=2000, required=False, allow_blank=True)
    asset = CharField(max_length=100, required=False, allow_blank=True)
    entrance = CharField(max_length=20, required=False, allow_blank=True)
    flat = CharField(max_length=40, required=False, allow_blank=True)
    answers = DictField(child=CharField(max_length=2000), required=False)
    name = CharField(max_length=200, required=False, allow_blank=True)
    shows_name = BooleanField(required=False, help_text=_("Everybody sees the name."))
    photos = photos_field()
    remove_photos = ListField(child=UUIDField(), required=False, max_length=MOST_REMOVED, help_text=_("Their ids."))
    dangers = dangers_field()
    confirmed = BooleanField(
        required=False, help_text=_("The resident looked closely at a place whose owner is in doubt.")
    )


class WantedLettersSerializer(Serializer[Any]):
    """Letters to an address, the confirming letter once more, or no letters."""

    do = ChoiceField(choices=["write", "ask", "stop"])
    email = EmailField(max_length=LONGEST_EMAIL, required=False, allow_blank=True, help_text=_("With “write”."))
    language = ChoiceField(choices=["uk", "en"], required=False)
