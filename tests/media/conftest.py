"""Photos of Яворин: drafts, attached ones, and the things they belong to."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django_scopes import scope

from core.models import Subject, Visibility
from geodata.models import Community
from media.actions import attach, clean_waiting, keep_draft
from media.models import Photo
from tests import photos

MakeSubject = Callable[..., Subject]
MakePhoto = Callable[..., Photo]


@pytest.fixture
def subject_of(yavoryn: Community) -> MakeSubject:
    """Makes a thing that photos belong to, public unless said otherwise."""

    def make(*, community: Community = yavoryn, visibility: str = Visibility.PUBLIC) -> Subject:
        reason = "a face" if visibility == Visibility.HIDDEN else ""
        with scope(community=community):
            return Subject.objects.create(
                community=community, kind="issue", visibility=visibility, hidden_reason=reason
            )

    return make


@pytest.fixture
def draft(yavoryn: Community, now: datetime) -> MakePhoto:
    """Makes a draft that waits to be cleaned."""

    def make(data: bytes | None = None, *, community: Community = yavoryn, at: datetime = now) -> Photo:
        return keep_draft(community=community, file=photos.upload(data), name="яма.jpg", at=at)

    return make


@pytest.fixture
def shown_photo(draft: MakePhoto, subject_of: MakeSubject, now: datetime) -> MakePhoto:
    """Makes a photo that is cleaned and belongs to a subject of that visibility."""

    def make(*, visibility: str = Visibility.PUBLIC, data: bytes | None = None) -> Photo:
        photo = draft(data)
        attach(photos=[photo], subject=subject_of(visibility=visibility), role=Photo.Role.PROBLEM, at=now)
        clean_waiting(at=now)
        return again(photo)

    return make


def again(photo: Photo) -> Photo:
    """The row as it is now."""
    with scope(community=photo.community):
        return Photo.objects.select_related("community", "subject").get(pk=photo.pk)
