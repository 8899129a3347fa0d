"""Loading the library: works, twice is once, a change is a new version, a broken file leaves nothing behind."""

import shutil
from datetime import UTC, datetime

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command

from indicators.catalogue.actions import load_catalogue
from indicators.catalogue.loading import FOLDER, CatalogueError
from indicators.models import Event, IndicatorDefinition, IndicatorVersion
from tests import factories as make

pytestmark = pytest.mark.django_db
AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path):
    for name in ("NMI-01", "NMI-05"):
        shutil.copy(FOLDER / f"{name}.toml", tmp_path)
    return tmp_path


def change(folder, *, history):
    file = folder / "NMI-05.toml"
    text = file.read_text(encoding="utf-8").replace("min_n = 4", "min_n = 5")
    file.write_text(text.replace('comparability = "first"\nchange_note = ""', history), encoding="utf-8")


def test_the_whole_library_loads_and_fits_the_columns():
    loaded = load_catalogue(by=None, at=AT)

    assert loaded == (60, 0, 0)
    assert IndicatorDefinition.objects.filter(current__number=1).count() == 60
    for version in IndicatorVersion.objects.select_related("definition_of"):
        version.full_clean(exclude=["disaggregations", "levels", "comparability"])
        version.rule()


def test_twice_is_once():
    load_catalogue(by=None, at=AT)

    assert load_catalogue(by=None, at=AT) == (0, 0, 60)
    assert IndicatorVersion.objects.count() == 60
    assert Event.objects.count() == 60


def test_a_changed_file_gives_a_new_version_and_keeps_the_old_one(folder):
    load_catalogue(by=None, at=AT, folder=folder)
    change(folder, history='comparability = "same"\nchange_note = "One more function is rated."')

    assert load_catalogue(by=make.make_admin(), at=AT, folder=folder) == (0, 1, 1)

    definition = IndicatorDefinition.objects.get(code="NMI-05")
    assert [(one.number, one.min_n) for one in definition.versions.order_by("number")] == [(1, 4), (2, 5)]
    assert definition.current.number == 2
    assert definition.current.comparability == "same"
    assert definition.current.change_note == "One more function is rated."
    assert Event.objects.filter(verb="changed a definition").get().reason == "One more function is rated."


def test_a_change_must_say_what_it_means_for_comparison(folder):
    load_catalogue(by=None, at=AT, folder=folder)
    change(folder, history='comparability = "first"\nchange_note = ""')

    with pytest.raises(
        CatalogueError, match=r"NMI-05\.toml: comparability: 'first' was given; expected same or"
    ):
        load_catalogue(by=None, at=AT, folder=folder)

    assert IndicatorVersion.objects.count() == 2


def test_a_file_that_is_gone_takes_nothing_away(folder):
    load_catalogue(by=None, at=AT, folder=folder)
    (folder / "NMI-01.toml").unlink()

    assert load_catalogue(by=None, at=AT, folder=folder) == (0, 0, 1)
    assert IndicatorDefinition.objects.filter(code="NMI-01").exists()


def test_one_broken_file_keeps_all_out(folder):
    (folder / "NMI-05.toml").write_text("nonsense", encoding="utf-8")

    with pytest.raises(CatalogueError):
        load_catalogue(by=None, at=AT, folder=folder)
    with pytest.raises(CommandError, match=r"NMI-05\.toml"):
        call_command("load_catalogue", folder=folder)

    assert not IndicatorDefinition.objects.exists()


def test_only_administrators_load():
    with pytest.raises(PermissionDenied):
        load_catalogue(by=make.make_user(), at=AT)
    assert not IndicatorDefinition.objects.exists()


def test_the_command_says_what_it_did(capsys):
    call_command("load_catalogue")
    assert capsys.readouterr().out == "Library: 60 new, 0 changed, 0 unchanged.\n"
