"""A report that a program sends for a resident: the rules are those of the form, whose fields its members become."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Final

from django.utils.datastructures import MultiValueDict

from accounts.devices import device_named
from accounts.models import ApiClient
from geodata.models import Community
from geodata.place_search import is_place
from issues import assets
from issues.actions import NewReport, report_issue
from issues.answerer import Answerer, Reckoned, reckon
from issues.forms import ReportForm
from issues.gate import Sender, admission_of_program
from issues.lookalikes import LookAlike
from issues.models import Issue
from issues.place_choice import address_for
from issues.questions import PREFIX
from issues.similar import similar_to
from issues.support import Voice
from issues.warnings import Warned, warnings_for
from media.models import Photo
from routing.models import Asset, Category

AS_THEY_ARE: Final = ("category", "text", "address", "entrance", "flat", "email", "name")


@dataclass
class ProgramReport:
    """What a program gives, as the form takes it. `given`: members by their names in the API."""

    given: Mapping[str, Any]
    community: Community
    client: ApiClient
    photos: Sequence[Photo]
    at: datetime

    def __post_init__(self) -> None:
        self.data = self._fields()
        self.form = ReportForm(self.data, community=self.community, on=self.community.day_of(self.at))
        self.device = device_named(self.given.get("device", ""), by=self.client.pk)

    def errors(self) -> dict[str, list[tuple[str, str]]]:
        """Member → (code, words) of what is wrong there; “answers/where” for an answer, "" for the whole."""
        return {_member(name): _said(errors) for name, errors in self.form.errors.as_data().items()}

    def warnings(self) -> list[Warned]:
        """Dangers that the words mean."""
        return warnings_for(self.form, self.data, community=self.community)

    def answerer(self) -> Answerer:
        """Who will answer. For a report without errors."""
        return self.reckoned.in_words()

    @cached_property
    def reckoned(self) -> Reckoned:
        """The same in codes: decided once, for what is told and for what is sent."""
        given = self.form.cleaned_data
        return reckon(
            category=given["category"],
            point=given["point"],
            community=self.community,
            at=self.at,
            answers=given["answers"],
            asset=given.get("asset"),
        )

    def similar(self) -> list[LookAlike]:
        """What is known already. For a report without errors."""
        voice = Voice.of(device=self.device)
        return similar_to(self.form, self.data, community=self.community, at=self.at, voice=voice)

    def send(self) -> Issue:
        """Accepts it. Raises NotAdmittedError and OutsideCommunityError."""
        sender = Sender(device=self.device, email=self.form.cleaned_data["email"])
        return report_issue(
            new=self.new(), community=self.community, at=self.at, admit=admission_of_program(
                sender, community=self.community, at=self.at
            ),
        )  # fmt: skip

    def new(self) -> NewReport:
        """The report as the doors take it. For one without errors."""
        given = self.form.cleaned_data
        on = self.community.day_of(self.at)
        of_asset = assets.address_of(given.get("asset"))
        verdict, due_on = self.reckoned.verdict, self.reckoned.due_on
        return NewReport(
            category=given["category"],
            point=given["point"],
            text=given["text"],
            address=address_for(given["address"], of_asset, given["point"], community=self.community, on=on),
            email=given["email"],
            name=given["name"],
            shows_name=given["shows_name"],
            language=self.given.get("language", "uk"),
            photos=self.photos,
            asset=given.get("asset"),
            entrance=given.get("entrance", ""),
            flat=given.get("flat", ""),
            answers=given["answers"],
            confirmed=bool(self.given.get("confirmed")),
            dangers=[one.danger.code for one in self.warnings()],
            device=self.device,
            decided=(verdict, due_on) if verdict and due_on else None,
            source=Issue.Source.API,
        )

    def _fields(self) -> MultiValueDict[str, str]:
        told = MultiValueDict({name: [str(self.given.get(name, ""))] for name in AS_THEY_ARE})
        if (place := self.given.get("place") or self._place_of_asset()) is not None:
            told["lon"], told["lat"] = (str(part) for part in place)
        if self.given.get("shows_name"):
            told["shows_name"] = "on"
        for code, answer in self.given.get("answers", {}).items():
            told[PREFIX + code] = answer
        told.setlist("danger", list(self.given.get("dangers", ())))
        told["asset"] = self._choice(self.given.get("asset", ""))
        return told

    def _choice(self, key: str) -> str:
        """The form names a thing by its row, programs by its key in the register; what nobody knows stays as it is."""
        if not key or key == assets.NONE:
            return key
        return str(self._asset.pk) if self._asset else "unknown"

    def _place_of_asset(self) -> tuple[float, float] | None:
        """A report that names a thing and no place is where the thing is, unless its address is a place."""
        if self._asset is None or is_place(self.given.get("address", "")):
            return None
        return assets.point_on(self._asset)

    @cached_property
    def _asset(self) -> Asset | None:
        on = self.community.day_of(self.at)
        return asset_called(
            self.given.get("asset", ""), self.given.get("category", ""), community=self.community, on=on
        )


def asset_called(key: str, category: str, *, community: Community, on: date) -> Asset | None:
    """The thing of that key in the register of the category of that code, as it is on that day."""
    if not key or key == assets.NONE:
        return None
    register = Category.objects.filter(community=community, code=category).values("register")
    found: Asset | None = Asset.objects.on(on).filter(register__in=register, key=key).first()
    return found


def _member(field: str) -> str:
    if field.startswith(PREFIX):
        return f"answers/{field.removeprefix(PREFIX)}"
    return {"__all__": "", "lon": "location", "lat": "location"}.get(field, field)


def _said(errors: Any) -> list[tuple[str, str]]:
    return [(error.code or "invalid", words) for error in errors for words in error.messages]
