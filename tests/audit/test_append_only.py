"""Rows that are only ever added to, in whichever room."""

import pytest
from django.apps import apps

from audit.append_only import AppendOnly, AppendOnlyModel, AppendOnlyQuerySet
from tests.consent.make import make_consent

MODELS = [model for model in apps.get_models() if issubclass(model, AppendOnlyModel)]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_no_way_of_a_queryset_changes_or_removes_rows(model):
    rows = model._default_manager.all()

    assert isinstance(rows, AppendOnlyQuerySet)
    for change in (
        lambda: rows.update(pk=1),
        lambda: rows.bulk_update([], ["pk"]),
        lambda: rows.update_or_create(pk=1),
        lambda: rows.bulk_create([], update_conflicts=True, update_fields=["pk"]),
        rows.delete,
    ):
        with pytest.raises(AppendOnly):
            change()


@pytest.mark.django_db
def test_a_row_is_neither_saved_again_nor_deleted_and_the_way_that_is_open_is_named():
    consent = make_consent()

    with pytest.raises(AppendOnly, match="withdrawal instead"):
        consent.save()
    with pytest.raises(AppendOnly):
        consent.delete()

    assert type(consent).objects.filter(pk=consent.pk).exists()
