"""What belongs to a community is found by itself, and everything of it either moves or has a reason to stay."""

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db.models import ForeignKey, JSONField

from openmap.moving.belongings import SHARED, STAYS, kinds, travellers
from openmap.moving.inside import INSIDE
from tests.accounts.test_scopes import SCOPED

MOVING = {kind.label for kind in travellers()}


def test_every_model_of_a_community_moves_or_has_a_reason_to_stay() -> None:
    assert {model._meta.label for model in SCOPED} <= MOVING | set(STAYS)
    assert not MOVING & set(STAYS)
    assert set(STAYS) <= {model._meta.label for model in SCOPED}
    assert all(len(reason) > 20 for reason in STAYS.values())


def test_tables_that_join_belongings_move_with_them() -> None:
    assert {"issues.Issue_areas", "issues.IssueEvent_photos", "works.Work_categories"} <= MOVING
    assert "issues.ReportDraft_photos" in {kind.label for kind in kinds()} - MOVING


def test_what_moves_names_nothing_that_is_lost_on_the_way() -> None:
    for kind in travellers():
        for column, label in kind.references.items():
            field = next(field for field in kind.model._meta.local_fields if field.column == column)
            assert isinstance(field, ForeignKey)
            assert label in MOVING or label in SHARED or label == "geodata.Community" or field.null, (
                f"{kind.label}.{column}"
            )


def test_what_is_named_comes_before_what_names_it() -> None:
    labels = [kind.label for kind in kinds()]
    for kind in kinds():
        for label in kind.references.values():
            if label in labels and label != kind.label:
                assert labels.index(label) < labels.index(kind.label)
    assert labels[-1] == "notifications.Webhook"


# Values that could hold keys of rows, and do not.
WITHOUT_KEYS = {
    "accounts.ApiKey.scopes": "words",
    "geodata.Street.former_names": "names",
    "geodata.Street.other_names": "names",
    "issues.Issue.dangers": "codes",
    "media.Photo.boxes": "places in a photo",
    "notifications.Webhook.events": "names of events",
    "notifications.Webhook.categories": "codes",
    "notifications.Webhook.areas": "codes",
    "routing.RemoteRequest.sent_updates": "numbers in the other system",
    "routing.Asset.attributes": "columns of a file",
    "routing.Question.options": "codes and words",
    "routing.Question.shown_if": "codes",
    "routing.Rule.answers": "codes",
    "routing.Rule.weekdays": "days",
    "routing.Channel.settings": "words",
}


def test_every_value_that_may_hold_keys_is_mapped_or_known_to_hold_none() -> None:
    found = {
        f"{kind.label}.{field.column}"
        for kind in travellers()
        for field in kind.model._meta.local_concrete_fields
        if isinstance(field, JSONField | ArrayField)
    }
    mapped = {f"{label}.{column}" for label, columns in INSIDE.items() for column in columns}
    assert not mapped & set(WITHOUT_KEYS)
    assert found == mapped | set(WITHOUT_KEYS)


def test_every_model_that_names_a_person_is_known() -> None:
    """A new global model that names people or organisations must be thought of: nothing of it moves."""
    others = {
        model._meta.label
        for model in apps.get_models()
        for field in model._meta.local_fields
        if isinstance(field, ForeignKey) and field.related_model._meta.label in SHARED
    }
    assert others - {kind.label for kind in kinds()} == {"admin.LogEntry", "core.StopEverywhere"}
