"""How reports that an organisation must answer, and its answers, are written in the API."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.serializers import (
    BooleanField,
    CharField,
    ChoiceField,
    DateField,
    DateTimeField,
    IntegerField,
    ListField,
    Serializer,
    SerializerMethodField,
    URLField,
)

from accounts.api_shapes import OrganisationSerializer
from api.schema import geometry_field
from core.models import Visibility
from geodata.community import community_of
from issues.api_reporting import PointSerializer
from issues.api_shapes import EventSerializer, ReportWhole
from issues.api_writes import photos_field, words_field
from issues.states import Group, State
from routing.bodies import mistake_in_words
from routing.models import Answer, Delivery
from routing.models.answers import LONGEST_ID


class InboxRowSerializer(Serializer[Delivery]):
    """One report of the list."""

    number = IntegerField(source="subject.issue.number")
    title = CharField(source="subject.issue.title")
    category = CharField(source="subject.issue.category.code")
    state = ChoiceField(source="subject.issue.state", choices=State.choices)
    state_group = ChoiceField(source="subject.issue.group", choices=Group.choices)
    location = SerializerMethodField()
    address = CharField(source="subject.issue.address")
    created_at = DateTimeField(source="subject.issue.created_at")
    due_on = DateField(source="subject.issue.due_on")
    changed_at = DateTimeField(source="subject.issue.changed_at")
    delivered_at = DateTimeField(source="created_at", help_text=_("When the organisation got it."))
    answered_at = DateTimeField(allow_null=True, help_text=_("When the organisation said something first."))
    url = SerializerMethodField()

    @extend_schema_field(PointSerializer)
    def get_location(self, delivery: Delivery) -> dict[str, Any]:
        place = delivery.subject.issue.location
        return {"type": "Point", "coordinates": [round(place.x, 6), round(place.y, 6)]}

    @extend_schema_field(URLField(help_text=_("Of the report in this inbox.")))
    def get_url(self, delivery: Delivery) -> str:
        issue = delivery.subject.issue
        request = self.context["request"]
        path = reverse("api_inbox_report", args=[community_of(request._request).slug, issue.number])
        return str(request.build_absolute_uri(path))


class InboxWhole(ReportWhole):
    """All that the organisation's page shows: the exact place, the name and the flat too."""

    visibility = ChoiceField(choices=Visibility.choices)
    hides_place = BooleanField(help_text=_("Strangers do not see the exact place: do not name it in answers."))
    flat = CharField()
    dangers = ListField(child=CharField(), help_text=_("Codes of dangers of which the reporter was warned."))
    may = ListField(
        child=CharField(), help_text=_("What the organisation may do now, by the names of `do`; or “pass”.")
    )
    pass_to = OrganisationSerializer(many=True, help_text=_("To whom the duty queue may pass it."))
    delivered_at = DateTimeField(help_text=_("When the organisation got it."))
    answered_at = DateTimeField(allow_null=True, help_text=_("When the organisation said something first."))
    events = EventSerializer(many=True, help_text=_("What happened, the newest first."))


class InboxFeature(Serializer[Any]):
    """A report of the organisation as a GeoJSON feature (lon, lat)."""

    type = ChoiceField(choices=["Feature"])
    id = IntegerField(help_text=_("Its number in the community."))
    geometry = geometry_field("Point")
    properties = InboxWhole()


class MomentField(DateTimeField):
    """A moment with its offset, as signed webhooks send it: without one nobody knows by which clock it is told."""

    def enforce_timezone(self, value: datetime) -> datetime:
        """Raises ValidationError."""
        if value.tzinfo is None:
            raise ValidationError(mistake_in_words("happened_at"), code="no_offset")
        return super().enforce_timezone(value)


class GivenAnswerSerializer(Serializer[Any]):
    """What the organisation says, as by every other channel (docs/channels.md)."""

    id = CharField(
        max_length=LONGEST_ID, help_text=_("Names this answer in your system, the same whenever you send it.")
    )
    do = ChoiceField(choices=Answer.Do.choices)
    text = words_field()
    happened_at = MomentField(help_text=_("By your clock: an answer that is older than others moves nothing back."))
    photos = photos_field()


class TakenAnswerSerializer(Serializer[Any]):
    """What became of an answer; it is kept in any case, and sending it again changes nothing."""

    id = CharField()
    outcome = ChoiceField(choices=Answer.Outcome.choices)
    code = CharField(help_text=_("Why it was refused or came too late; mostly empty."))
    state = ChoiceField(
        choices=State.choices, allow_null=True, help_text=_("Of the report, now; null when it is no longer theirs.")
    )


class PassSerializer(Serializer[Any]):
    """Who must answer instead of the duty queue."""

    organisation = IntegerField(min_value=1, max_value=2**31 - 1, help_text=_("Its id, one of `pass_to`."))
    text = words_field()


class PassedSerializer(Serializer[Any]):
    """It was passed on, and is no longer in this inbox."""

    number = IntegerField()
    organisation = IntegerField()
