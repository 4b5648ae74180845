"""How reports are written in answers of the API: `fields` here are the allow-lists of what strangers may see."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework.serializers import (
    BooleanField,
    CharField,
    ChoiceField,
    DateField,
    DateTimeField,
    DictField,
    FloatField,
    IntegerField,
    ListField,
    Serializer,
    SerializerMethodField,
    URLField,
)

from accounts.api_shapes import OrganisationSerializer
from api.schema import FeatureSerializer, geometry_field, shape_field
from issues.models import Issue, IssueEvent
from issues.states import Group, State
from media.models import Photo
from routing.models import Delivery

HOW_FAR = ("queued", "delivered", "failed", "unreachable", "answered", "refused", "taken", "passed")


class ReportSerializer(FeatureSerializer):
    """One report of a list as a GeoJSON feature (lon, lat)."""

    place = shape_field("Point")
    category = CharField(source="category.code", read_only=True)
    state_group = ChoiceField(choices=Group.choices)
    supporters = IntegerField(help_text=_("People who said that it concerns them too."))
    url = SerializerMethodField()
    organisation = SerializerMethodField()
    address = SerializerMethodField()
    is_blurred = BooleanField(
        source="is_coarse", help_text=_("The place is the middle of a cell of about a kilometre.")
    )
    photo = SerializerMethodField()

    class Meta:
        model = Issue
        geo_field = "place"
        geometry = ("Point",)
        id_field = "number"
        fields = (
            "number", "title", "text", "category", "state", "state_group", "created_at", "due_on", "changed_at", "url",
            "supporters", "organisation", "address", "is_blurred", "photo",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(URLField(help_text=_("Its page.")))
    def get_url(self, issue: Issue) -> str:
        return str(self.context["request"].build_absolute_uri(issue.get_absolute_url()))

    @extend_schema_field(OrganisationSerializer(allow_null=True, help_text=_("Who must answer.")))
    def get_organisation(self, issue: Any) -> Any:
        return issue.holder if issue.holder and issue.holder["id"] else None

    @extend_schema_field(CharField(help_text=_("Empty where the place is blurred.")))
    def get_address(self, issue: Any) -> str:
        return "" if issue.is_coarse else str(issue.address)

    @extend_schema_field(URLField(allow_null=True, help_text=_("The first photo of the problem, 400 px.")))
    def get_photo(self, issue: Any) -> str | None:
        return self.context["request"].build_absolute_uri(issue.photo) if issue.photo else None


class PhotoSerializer(Serializer[Photo]):
    """A cleaned photo."""

    role = ChoiceField(choices=Photo.Role.choices)
    small = URLField(help_text=_("400 px, WebP."))
    large = URLField(help_text=_("1600 px, WebP."))
    width = IntegerField(help_text=_("Of the large size, px."))
    height = IntegerField(help_text=_("Of the large size, px."))


class RecipientSerializer(Serializer[Delivery]):
    """An organisation that got the report, and how far it came there."""

    organisation = OrganisationSerializer()
    role = ChoiceField(choices=Delivery.Role.choices)
    state = ChoiceField(choices=HOW_FAR)
    at = DateTimeField()
    reason = CharField(help_text=_("Why it went no further, in words; mostly empty."))


class AreaNameSerializer(Serializer[Any]):
    """An area that the report lies in, of its own day."""

    division = CharField()
    code = CharField()
    name = CharField()


class BodySerializer(Serializer[Any]):
    """An organisation by name and code."""

    name = CharField()
    edrpou = CharField(allow_null=True)


class AnswerSerializer(Serializer[Any]):
    """What was asked, and the answer, in words."""

    question = CharField()
    answer = CharField()


class PromiseSerializer(Serializer[Any]):
    """By when an answer was promised, and how that went."""

    due_on = DateField()
    working_days = IntegerField()
    is_late = BooleanField()
    days_late = IntegerField(help_text=_("Working days after the promise."))
    done_on = DateField(allow_null=True)


class OriginalSerializer(Serializer[Any]):
    """The report that this one repeats."""

    number = IntegerField()
    url = URLField()


class ReportWhole(Serializer[Any]):
    """The properties of one report: all that its page shows."""

    title = CharField()
    text = CharField()
    category = CharField()
    category_name = CharField()
    state = ChoiceField(choices=State.choices)
    state_group = ChoiceField(choices=Group.choices)
    created_at = DateTimeField()
    due_on = DateField()
    changed_at = DateTimeField()
    url = URLField()
    supporters = IntegerField()
    organisation = OrganisationSerializer(allow_null=True, help_text=_("Who must answer."))
    address = CharField(help_text=_("Empty where the place is blurred."))
    is_blurred = BooleanField()
    photo = URLField(allow_null=True)
    name = CharField(help_text=_("The reporter's name when they let everybody see it."))
    asset = CharField(help_text=_("The house, lamp… that was chosen, in words."))
    answers = AnswerSerializer(many=True)
    areas = AreaNameSerializer(many=True)
    promise = PromiseSerializer()
    why = CharField(help_text=_("Why they must answer, in words; a line for each reason."))
    recipients = RecipientSerializer(many=True)
    photos = PhotoSerializer(many=True)
    duplicate_of = OriginalSerializer(allow_null=True)
    events_url = URLField(help_text=_("What happened, as data."))


class ReportFeature(Serializer[Any]):
    """One report as a GeoJSON feature (lon, lat)."""

    type = ChoiceField(choices=["Feature"])
    id = IntegerField(help_text=_("Its number in the community."))
    geometry = geometry_field("Point")
    properties = ReportWhole()


class EventSerializer(Serializer[IssueEvent]):
    """One thing that happened to a report."""

    at = DateTimeField()
    is_undated = BooleanField(help_text=_("Of an imported history that does not say when."))
    kind = ChoiceField(choices=IssueEvent.Kind.choices)
    by = ChoiceField(choices=IssueEvent.By.choices)
    title = CharField(help_text=_("What happened, in words."))
    who = CharField(help_text=_("Who did it, as the page says it."))
    organisation = OrganisationSerializer(allow_null=True)
    was = ChoiceField(choices=State.choices, allow_null=True)
    now = ChoiceField(choices=State.choices, allow_null=True)
    text = CharField(help_text=_("Words that belong to it; those that a moderator removed are not among them."))


class VerdictSerializer(Serializer[Any]):
    """Who would answer: codes and numbers."""

    point = ListField(child=FloatField(), help_text=_("Longitude and latitude, degrees."))
    at = DateTimeField()
    category = CharField()
    answers = DictField(child=CharField())
    organisation = BodySerializer(allow_null=True)
    fallback = BooleanField(help_text=_("No rule names anybody: the duty queue answers."))
    informed = BodySerializer(many=True)
    rule = DictField(
        allow_null=True, help_text=_("The conditions of the rule that decided, and the thing that it found.")
    )
    areas = AreaNameSerializer(many=True)
    doubt = DictField(allow_null=True, help_text=_("Another owner within 30 m."))
