"""How people's organisations are written in answers of the API."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.serializers import CharField, IntegerField, Serializer

from accounts.models import Organisation


class OrganisationSerializer(Serializer[Organisation]):
    """An organisation as everybody knows it."""

    id = IntegerField(help_text="The same in all communities.")
    name = CharField()
    name_en = CharField(help_text="Empty when there is none.")
    edrpou = CharField(allow_null=True, help_text="Its code in the state register.")


def organisation_told(organisation: Organisation | None) -> dict[str, Any] | None:
    """As OrganisationSerializer says; None for nobody."""
    if organisation is None:
        return None
    return {
        "id": organisation.pk,
        "name": organisation.name,
        "name_en": organisation.name_en,
        "edrpou": organisation.edrpou,
    }


class ByKeyDescribed(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """For the schema: the two headers."""

    target_class = "accounts.api.ByKey"
    name = ["key", "keyHeader"]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, str]]:
        words = str(_("A key that an administrator of the community made: misto_ and 43 characters."))
        return [
            {"type": "http", "scheme": "bearer", "description": words},
            {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": words},
        ]
