"""Letters about a report. Links carry placeholders; core.tokens writes the secrets into them when they are sent."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from accounts.models import Organisation
from core.models import Visibility
from core.outbox import Letter
from core.tokens import defuse
from core.verp import replies_are_read
from core.written_words import answer_above
from geodata.models import Area, Community, local_name
from issues import assets, questions
from issues.answer_hints import author_answers, organisation_answers
from issues.blur import told_areas
from issues.letter_data import News, data_of
from issues.models import Issue
from issues.states import State
from media.models import Photo
from routing.explain import why
from routing.wording import names_of

ORGANISATIONS_READ = "uk"  # the language of letters to organisations

Fact = tuple[str, str]  # name, value


def said_by(who: Organisation | Community, words: str) -> str:
    """A note for the next organisation: who gave the report on, and with which words; "" without words."""
    with override(ORGANISATIONS_READ):
        note = _("%(who)s wrote: “%(words)s”")
        return note % {"who": local_name(who, ORGANISATIONS_READ), "words": words} if words else ""


def new_report(issue: Issue, secret: str, trace: Mapping[str, Any], *, note: str = "") -> Letter:
    """To the organisation that must answer: what, where, by when, why they, and the link to answer by. The duty
    queue reads that it is to pass the report on."""
    with override(ORGANISATIONS_READ):
        alone = _("The link works without an account. Do not forward it outside your organisation.")
        secret_place = [keep_place_secret()] if issue.is_blurred else []
        yours, to_pass_on = _("A resident reports a problem that is yours to answer"), _("A report to pass on")
        return _letter(
            issue,
            subject=_("Report No. %(number)s: %(title)s") % _words(issue),
            heading=to_pass_on if trace["fallback"] else yours,
            paragraphs=[
                *_danger(issue),
                issue.text,
                *why(trace, names_of(trace, issue.community_id, category=issue.category)),
                *([note] if note else []),
            ],
            link=_answer_link(issue, secret),
            action=_("Open and answer"),
            closing=" ".join([alone, *secret_place]),
            facts=[*_answered(issue), *_private(issue)],
            reply_to=secret,
            how_to_answer=organisation_answers(issue),
            data=News("new", note=note, answer_url=_answer_link(issue, secret)),
        )


def _danger(issue: Issue) -> list[str]:
    """Before anything else: that people may be in danger."""
    if not issue.dangers:
        return []
    return [_("Danger is possible: the reporter was asked to call the emergency services first, and went on.")]


def for_information(issue: Issue, *, responsible: Organisation | None) -> Letter:
    """To an organisation that a rule wants informed: what, where and who answers. There is nothing to do, no right to
    answer, no flat, no name, and of a sensitive place only what strangers may know."""
    with override(ORGANISATIONS_READ):
        who = _("%(name)s must answer it. From you nothing is asked.")
        nobody = _("The community is finding out who must answer it. From you nothing is asked.")
        held = issue.subject.visibility == Visibility.HELD
        later = _("A moderator looks at the report first; after that its page opens for everybody.")
        said = who % {"name": local_name(responsible, ORGANISATIONS_READ)} if responsible else nobody
        return _letter(
            issue,
            subject=_("For information: report No. %(number)s: %(title)s") % _words(issue),
            heading=_("For your information: another organisation answers this report"),
            paragraphs=[issue.text, said, *([later] if held else [])],
            link=settings.SITE_URL + issue.get_absolute_url(),
            action=_("Open the report"),
            facts=[] if issue.is_blurred else _answered(issue),
            is_rough=issue.is_blurred,
            data=News("information"),
        )


def to_organisation(issue: Issue, secret: str, *, news: str, text: str) -> Letter:
    """To the organisation that has the report: what the reporter or the staff did since. `news`: a state, “reply”,
    “added”, “supporter” (somebody who joined added it), “corrected” or “moderated”."""
    with override(ORGANISATIONS_READ):
        happened = {
            "reply": _("The reporter answered"),
            "added": _("The reporter added something"),
            "supporter": _("Somebody whom it concerns too added something"),
            State.REOPENED: _("The report is open again"),
            State.WITHDRAWN: _("The reporter withdrew the report"),
            State.CONFIRMED: _("The reporter confirms that it is fixed"),
            State.DUPLICATE: _("The report repeats another one and is closed"),
            "corrected": _("The reporter corrected the report"),
        }.get(news) or _("The report changed: %(state)s") % {"state": State(issue.state).label}
        return _letter(
            issue,
            subject=_("Report No. %(number)s: %(what)s") % (_words(issue) | {"what": _lower(happened)}),
            heading=happened,
            paragraphs=[line for line in (text, _original(issue)) if line],
            link=_answer_link(issue, secret),
            action=_("Open and answer") if issue.is_open else _("Open the report"),
            facts=[*_answered(issue), *_private(issue)],
            reply_to=secret,
            how_to_answer=organisation_answers(issue),
            data=News(str(news), words=text, answer_url=_answer_link(issue, secret)),
        )


def taken_back(issue: Issue) -> Letter:
    """To an organisation that had the report until its author corrected it: nothing is asked of them any more."""
    with override(ORGANISATIONS_READ):
        what = _("The report was corrected: it is not yours any more")
        return _letter(
            issue,
            subject=_("Report No. %(number)s: %(what)s") % (_words(issue) | {"what": _lower(what)}),
            heading=what,
            paragraphs=[_("Somebody else must answer it now. Nothing more is asked of you, and your link has ended.")],
            link=settings.SITE_URL + issue.get_absolute_url(),
            action=_("Open the report"),
            is_rough=issue.is_blurred,
            data=News("taken_back"),
        )


def receipt(issue: Issue, secret: str, *, stop: str, reply_to: str = "") -> Letter:
    """To the reporter, as soon as the address is confirmed: the number, the secret link, and where the report is by
    now. `stop`: the page on which letters are stopped. `reply_to`: placeholder of the right to answer by e-mail."""
    with override(issue.language):
        own = _("By this link you can follow, confirm, reopen or withdraw it. Keep it to yourself.")
        return _letter(
            issue,
            subject=_("Your report No. %(number)s is accepted") % _words(issue),
            heading=_("Your report No. %(number)s is accepted") % _words(issue),
            paragraphs=[own, *_so_far(issue)],
            link=_author_link(issue, secret),
            action=_("Open your report"),
            place=coordinates(issue),
            is_rough=issue.is_blurred,
            stop=stop,
            reply_to=reply_to,
            how_to_answer=author_answers(issue),
        )


def followed(issue: Issue, *, language: str, stop: str) -> Letter:
    """To a supporter, as soon as the address is confirmed: what everybody may know, and where the report is by now."""
    with override(language):
        return _letter(
            issue,
            subject=_("You follow report No. %(number)s: %(title)s") % _words(issue),
            heading=_("You follow report No. %(number)s") % _words(issue),
            paragraphs=[issue.title, *_so_far(issue)],
            link=settings.SITE_URL + issue.get_absolute_url(),
            action=_("Open the report"),
            is_rough=issue.is_blurred,
            stop=stop,
        )


def news_for_all(
    issue: Issue, *, language: str, who: Organisation | Community | None, news: str, text: str, stop: str
) -> Letter:
    """To a supporter: what everybody reads on the page. `who`: None for what the author did. `news`: as of `news`."""
    with override(language):
        words = _words(issue) | {"who": local_name(who, language) if who else ""}
        heading = {
            "reply": _("%(who)s answered"),
            "handed_back": _("%(who)s says that it is not theirs: the report is passed on"),
            "passed_on": _("%(who)s passed the report on to those who must answer"),
            State.DUPLICATE: _("The report repeats another one"),
            State.REOPENED: _("The report is open again"),
            State.WITHDRAWN: _("The report is taken back"),
            State.ACCEPTED: _("%(who)s accepted the report"),
            State.IN_PROGRESS: _("%(who)s started the work"),
            State.WAITING: _("%(who)s has a question for the author"),
            State.DONE: _("%(who)s: it is done"),
            State.REJECTED: _("%(who)s: it cannot be done"),
            State.CONFIRMED: _("The author confirms that it is fixed"),
        }.get(news) or str(State(issue.state).label)
        return _letter(
            issue,
            subject=_("Report No. %(number)s: %(what)s") % (words | {"what": heading % words}),
            heading=heading % words,
            paragraphs=[line for line in (text, _original(issue)) if line],
            link=settings.SITE_URL + issue.get_absolute_url(),
            action=_("Open the report"),
            is_rough=issue.is_blurred,
            stop=stop,
        )


def _so_far(issue: Issue) -> list[str]:
    """Where the report is, for who reads of it later than it was sent."""
    if issue.state == State.NEW:
        return []
    words = {"state": _lower(str(State(issue.state).label)), "day": date_format(issue.changed_at, "j E Y")}
    return [_("It is by now: %(state)s (%(day)s). The page tells what was done.") % words]


def news(
    issue: Issue,
    secret: str,
    *,
    who: Organisation | Community,
    news: str,
    text: str,
    stop: str,
    reply_to: str = "",
) -> Letter:
    """To the reporter: what the organisation or the community did. `news`: a state, “reply”, “handed_back” or
    “passed_on”. `reply_to`: as in `receipt`."""
    with override(issue.language):
        words = _words(issue) | {"who": local_name(who, issue.language)}
        heading = {
            "reply": _("%(who)s wrote to you"),
            "handed_back": _("%(who)s says that it is not theirs: we pass your report on"),
            "passed_on": _("%(who)s passed your report on to those who must answer"),
            State.DUPLICATE: _("%(who)s: your report repeats another one"),
            State.REOPENED: _("%(who)s opened your report again"),
            State.WITHDRAWN: _("%(who)s took your report back"),
            State.ACCEPTED: _("%(who)s accepted your report"),
            State.IN_PROGRESS: _("%(who)s started the work"),
            State.WAITING: _("%(who)s has a question for you"),
            State.DONE: _("%(who)s: it is done"),
            State.REJECTED: _("%(who)s: it cannot be done"),
        }.get(news) or "%(who)s: " + _lower(str(State(issue.state).label))
        asks = {
            State.DONE: _("Is it really fixed? Please confirm, or reopen the report."),
            State.WAITING: _("They need your answer to go on."),
        }
        return _letter(
            issue,
            subject=_("Report No. %(number)s: %(what)s") % (words | {"what": heading % words}),
            heading=heading % words,
            paragraphs=[line for line in (text, asks.get(State(issue.state), ""), _original(issue)) if line],
            link=_author_link(issue, secret),
            action=_("Open your report"),
            is_rough=issue.is_blurred,
            stop=stop,
            reply_to=reply_to,
            how_to_answer=author_answers(issue),
        )


def _original(issue: Issue) -> str:
    """Where the report goes on that this one repeats; "" when it repeats none."""
    original = issue.shown_original
    if original is None:
        return ""
    words = _("It goes on as report No. %(number)s: %(url)s")
    return words % {"number": original.number, "url": settings.SITE_URL + original.get_absolute_url()}


def _lower(sentence: str) -> str:
    """For the middle of a line."""
    return sentence[:1].lower() + sentence[1:]


def _letter(
    issue: Issue,
    *,
    subject: str,
    heading: str,
    paragraphs: Sequence[str],
    link: str,
    action: str,
    closing: str = "",
    place: str = "",
    facts: Sequence[Fact] = (),
    is_rough: bool = False,
    stop: str = "",
    reply_to: str = "",
    how_to_answer: str = "",
    data: News | None = None,
) -> Letter:
    """`facts`: those that are not for every letter. `is_rough`: its reader may know as little of the place as
    strangers. `stop`: the page on which its reader stops such letters. `reply_to`: placeholder of the right by which
    its reader may answer by e-mail; `how_to_answer`: in words, when there is something to answer. `data`: what programs
    of organisations read."""
    areas = _areas_of(issue, is_rough=is_rough)
    photos = list(issue.made.photos if issue.made else Photo.objects.filter(subject=issue.subject_id))
    category = local_name(issue.category, get_language() or "uk")
    told = [
        (_("Number"), str(issue.number)),
        (_("Kind"), category),
        (_("Place"), _("known to those who must answer") if is_rough else place or place_in_words(issue)),
        *facts,
        *_more_about_the_place(areas, len(photos)),
    ]
    if issue.is_open:
        told.append((_("Answer promised by"), date_format(issue.due_on, "j E Y")))
    context = {
        "heading": defuse(heading),
        "paragraphs": [defuse(words) for words in paragraphs],
        "facts": [(defuse(name), defuse(value)) for name, value in told],
        "subject": defuse(subject),
        "action_url": link,
        "action_label": action,
        "closing": closing,
        "stop": stop,
        "answer_above": answer_above() if how_to_answer and replies_are_read() else "",
        "how_to_answer": how_to_answer,
        "community": issue.community,
        "site_url": settings.SITE_URL,
    }
    return Letter(
        subject=" ".join(subject.split()),
        text=render_to_string("issues/mail/letter.txt", context),
        html=render_to_string("issues/mail/letter.html", context),
        stop_url=f"{stop}stop/" if stop else "",
        reply_to=reply_to,
        data=data_of(issue, data, areas=areas, photos=photos, is_rough=is_rough) if data else {},
    )


def place_in_words(issue: Issue) -> str:
    """The address when there is one, and the coordinates."""
    point = coordinates(issue)
    return f"{issue.address} ({point})" if issue.address else point


def _answered(issue: Issue) -> list[Fact]:
    """What the resident chose and answered in the form; never the flat."""
    chosen = assets.in_words(issue)
    said = [(question.rstrip(" ?:"), answer) for question, answer in questions.in_words(issue, get_language() or "uk")]
    return [*([(assets.name_of(issue), chosen)] if chosen else []), *said]


def keep_place_secret() -> str:
    """What whoever answers a report with a sensitive place is asked for."""
    return _("Strangers do not see the exact place of this report: please do not name it in your answers.")


def _private(issue: Issue) -> list[Fact]:
    """Only for whoever must answer: the flat and the name, as the resident gave them."""
    facts = [(_("Flat (not on the public page)"), issue.flat), (_name_of_reporter(issue), issue.reporter_name)]
    return [(name, value) for name, value in facts if value]


def _name_of_reporter(issue: Issue) -> str:
    return _("Reporter") if issue.shows_name else _("Reporter (not on the public page)")


def _more_about_the_place(areas: Sequence[Area], photos: int) -> list[Fact]:
    """The areas that the report lies in, and how many photos there are to look at."""
    facts = [(_("District"), ", ".join(area.name for area in areas)), (_("Photos"), str(photos) if photos else "")]
    return [(name, value) for name, value in facts if value]


def _areas_of(issue: Issue, *, is_rough: bool) -> list[Area]:
    """The areas that may be told, with their codes and names."""
    made = issue.made
    if made and not is_rough:
        return list(made.areas)
    rows = Area.objects.filter(pk__in=[area.pk for area in made.areas]) if made else issue.areas.all()
    return list(told_areas(rows, issue.location, is_blurred=is_rough).only("code", "name"))


def coordinates(issue: Issue) -> str:
    """Latitude, longitude in degrees, as map programs take them."""
    return f"{issue.location.y:.5f}, {issue.location.x:.5f}"


def _words(issue: Issue) -> dict[str, Any]:
    return {"number": issue.number, "title": issue.title}


def _answer_link(issue: Issue, secret: str) -> str:
    return str(settings.SITE_URL) + _path("answer", issue, secret)


def _author_link(issue: Issue, secret: str) -> str:
    return str(settings.SITE_URL) + _path("mine", issue, secret)


def _path(name: str, issue: Issue, secret: str) -> str:
    return reverse(name, args=[issue.community.slug, "SECRET"]).replace("SECRET", secret)
