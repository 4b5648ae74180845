"""What writing by the API shares: photos by their keys, dangers to pass on, and refusals of the doors as problems."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import Throttled
from rest_framework.serializers import CharField, ListField

from api.problems import ProblemError, Wrong
from geodata.models import Community
from issues import answering
from issues.forms import WordsForm
from issues.join_limits import WINDOW
from issues.join_words import refusal_in_words
from issues.models import MAX_TEXT
from issues.moves import MoveRefusedError
from issues.support import JoinRefusedError
from issues.uploads import MOST_PHOTOS
from issues.warnings import Warned
from media.drafts import photos_of
from media.models import Photo

HOUR: Final = int(WINDOW.total_seconds())
DAY: Final = 24 * 60 * 60
_SAYS_MORE: Final = {"needs_text": "/text", "no_words": "/text", "no_such_organisation": "/organisation"}
_TOO_MANY: Final = frozenset({"too_many", "too_many_words", "too_many_letters"})
_IMPOSSIBLE: Final = {"not_joined": "/device", "looked_at_first": "", "pass_on": "/do"}


def words_field() -> CharField:
    """Words of several lines; issues.forms says how many."""
    return CharField(max_length=MAX_TEXT + 1000, required=False, allow_blank=True, trim_whitespace=False)


def photos_field() -> ListField:
    """Keys of photos that were uploaded."""
    return ListField(
        child=CharField(max_length=200), required=False, max_length=MOST_PHOTOS, help_text=gettext_lazy("Their keys.")
    )


def dangers_field() -> ListField:
    """Codes of dangers."""
    return ListField(
        child=CharField(max_length=60),
        required=False,
        max_length=50,
        help_text=gettext_lazy("Codes of dangers of which the resident was warned and which they passed."),
    )


def device_field(*, required: bool = False) -> CharField:
    """A device as the program calls it."""
    return CharField(
        max_length=200,
        required=required,
        allow_blank=not required,
        help_text=gettext_lazy("Any word by which you tell the resident's device apart; only a digest of it is kept."),
    )


def photos_named(keys: Sequence[str], *, community: Community, at: Any) -> list[Photo]:
    """The drafts of these keys, all of them. Raises ProblemError."""
    photos = photos_of(keys, community=community, at=at)
    if len(photos) < len(set(keys)):
        words = _("A photo was uploaded more than a day ago, or was sent already. Upload it once more.")
        raise ProblemError("invalid", words, errors=[Wrong("/photos", "gone", words)])
    return photos


def words_given(given: Mapping[str, Any]) -> str:
    """The words of an act, as the form of the page takes them. Raises ProblemError."""
    form = WordsForm({"do": "say", "text": given.get("text", "")})
    if not form.is_valid():
        refuse({"text": [(error.code or "invalid", words) for error in form.errors.as_data()["text"]
                         for words in error.messages]})  # fmt: skip
    return str(form.cleaned_data["text"])


def refuse(errors: Mapping[str, Sequence[tuple[str, str]]]) -> None:
    """Raises ProblemError when there are any. `errors`: member → (code, words); "" for the whole."""
    wrong = [
        Wrong(f"/{member}" if member else "", code, words)
        for member, found in errors.items()
        for code, words in found
    ]  # fmt: skip
    if wrong:
        raise ProblemError("invalid", wrong[0].detail, errors=wrong)


def dangers_told(warnings: Sequence[Warned]) -> list[dict[str, str]]:
    """Code, name, phones and advice of each."""
    return [
        {
            "code": one.danger.code,
            "name": str(one.danger),
            "phones": str(one.danger.phones),
            "advice": one.advice,
        }
        for one in warnings
    ]


def refuse_open_dangers(warnings: Sequence[Warned]) -> None:
    """Raises ProblemError for dangers that nobody passed."""
    open_dangers = dangers_told([one for one in warnings if not one.is_passed])
    if open_dangers:
        words = _("This may be a danger: warn the resident, and name it in “dangers”.")
        raise ProblemError(
            "refused", words, errors=[Wrong("/dangers", "danger", words)], more={"dangers": open_dangers}
        )


def move_problem(refusal: MoveRefusedError) -> ProblemError:
    """To raise: why the workflow refused."""
    return _problem(refusal.code, answering.refusal_in_words(refusal.code))


def join_problem(refusal: JoinRefusedError) -> Exception:
    """To raise: why nobody was joined, or nothing added."""
    if refusal.code in _TOO_MANY:
        return Throttled(wait=HOUR)
    if refusal.code == "not_joined":  # a program has no button to press
        return _problem("not_joined", _("Only who joined this report can add to it: join first, by …/support/."))
    return _problem(refusal.code, refusal_in_words(refusal.code))


def _problem(code: str, words: str) -> ProblemError:
    if code in _SAYS_MORE:
        return ProblemError("invalid", words, errors=[Wrong(_SAYS_MORE[code], code, words)])
    if code in _IMPOSSIBLE:
        return ProblemError("refused", words, errors=[Wrong(_IMPOSSIBLE[code], code, words)])
    return ProblemError("conflict", words, more={"code": code})
