"""The library's pages: search, filters, the sheet, who sees which use, and a constant number of queries."""

import re
import shutil
from datetime import UTC, datetime

import pytest
from django.urls import reverse

from indicators.catalogue.actions import load_catalogue
from indicators.catalogue.loading import FOLDER
from indicators.engine.types import SiteRule
from indicators.models import IndicatorDefinition
from tests import factories as make

pytestmark = pytest.mark.django_db
AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@pytest.fixture
def library():
    load_catalogue(by=None, at=AT)


@pytest.fixture
def reader(client):
    user = make.make_user()
    client.force_login(user)
    return user


def shown(response):
    return re.findall(r'<span class="mono">([A-Z]+-\d+)</span>', response.content.decode())


def test_everything_is_listed(client, library, reader):
    response = client.get(reverse("library-list"))

    assert len(shown(response)) == 60
    assert "60 indicators of 60" in response.content.decode()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"q": "NMI-05"}, ["NMI-05"]),
        ({"q": "seat fill"}, ["ICI-02"]),
        ({"q": "ghost 50,000"}, []),
        ({"q": "biometric"}, ["NMI-13"]),  # only in the definition
        ({"type": "ordinal"}, ["NMI-05"]),
        ({"direction": "range"}, ["ICI-02", "PAR-08", "PAR-10"]),
        ({"family": "MD_ICI_GLOBAL", "tense": "ON_THE_FLY"}, ["PAR-06", "PAR-07", "PAR-09"]),
        ({"family": "NMI", "level": "impact"}, ["NMI-16", "NMI-18", "NMI-21"]),
        ({"q": "100%_"}, []),
    ],
)
def test_words_and_filters_narrow(client, library, reader, asked, expected):
    response = client.get(reverse("library-list"), asked)

    assert shown(response) == expected
    assert ("No indicator fits" in response.content.decode()) == (not expected)


def test_the_live_filter_answers_with_the_part_alone(client, library, reader):
    response = client.get(reverse("library-list"), {"q": "seat"}, headers={"HX-Request": "true"})

    assert shown(response) == ["ICI-02"]
    assert "<h1>" not in response.content.decode()
    assert "HX-Request" in response.headers["Vary"]


def test_a_filter_that_does_not_exist_says_so(client, library, reader):
    response = client.get(reverse("library-list"), {"family": "MARS"})

    assert response.status_code == 200
    assert "MARS is not one of the available choices" in response.content.decode()


def test_the_sheet_shows_the_whole_definition(client, library, reader):
    page = client.get(reverse("library-detail", args=["NMI-05"])).content.decode()

    for words in (
        "Institutional capability maturity level",
        "Higher is better",
        "2 raters and &gt;=4 functions",
        "rater drift",
        "Self-sustaining",
        "trains successors",
        "Median of the sites",
        "Version 1",
        "No programme that you see uses it.",
    ):
        assert words in page


def test_every_sheet_opens(client, library, reader):
    for code in IndicatorDefinition.objects.values_list("code", flat=True):
        assert client.get(reverse("library-detail", args=[code])).status_code == 200


@pytest.mark.parametrize("rule", SiteRule)
def test_a_sheet_opens_for_every_rule_over_sites(client, reader, rule):
    version = make.make_version(site_rule=rule, frequency="four_months", time_rule="median", window_months=24)
    version.definition_of.current = version
    version.definition_of.save()

    page = client.get(version.definition_of.get_absolute_url()).content.decode()

    assert "Median of the periods (latest 24 months)" in page
    assert "Every four months" in page


def test_an_unknown_code_is_not_found(client, library, reader):
    assert client.get(reverse("library-detail", args=["XX-99"])).status_code == 404


def test_a_new_version_shows_what_changed(client, reader, tmp_path):
    file = shutil.copy(FOLDER / "NMI-05.toml", tmp_path / "NMI-05.toml")
    load_catalogue(by=None, at=AT, folder=tmp_path)
    text = file.read_text(encoding="utf-8").replace("min_n = 4", "min_n = 6")
    history = 'comparability = "break"\nchange_note = "More functions."'
    file.write_text(text.replace('comparability = "first"\nchange_note = ""', history), encoding="utf-8")
    load_catalogue(by=None, at=AT, folder=tmp_path)

    page = client.get(reverse("library-detail", args=["NMI-05"])).content.decode()

    assert "Version 2" in page
    assert "More functions." in page
    assert "Break in the series" in page
    assert "<del>4</del> <ins>6</ins>" in page


def test_uses_are_those_of_the_programmes_that_one_sees(client, library):
    version = IndicatorDefinition.objects.get(code="NMI-08").current
    mine, other = make.make_programme("MINE"), make.make_programme("OTHER")
    for programme in (mine, other):
        make.make_indicator(programme, version=version)
    client.force_login(make.make_user(programme=mine))

    page = client.get(reverse("library-detail", args=["NMI-08"])).content.decode()

    assert ">MINE<" in page
    assert ">OTHER<" not in page


def test_strangers_sign_in_first(client, library):
    for url in (reverse("library-list"), reverse("library-detail", args=["NMI-05"])):
        assert client.get(url).status_code == 302


@pytest.mark.parametrize("n", [1, 20])
def test_the_list_takes_the_same_number_of_queries(client, reader, django_assert_num_queries, tmp_path, n):
    for path in sorted(FOLDER.glob("*.toml"))[:n]:
        shutil.copy(path, tmp_path)
    load_catalogue(by=None, at=AT, folder=tmp_path)

    # Session (read, then prolonged in a savepoint: 4), user, menu, counts by family, definitions.
    with django_assert_num_queries(8):
        client.get(reverse("library-list"))


@pytest.mark.parametrize("n", [1, 20])
def test_the_sheet_takes_the_same_number_of_queries(client, library, django_assert_num_queries, n):
    version = IndicatorDefinition.objects.get(code="NMI-08").current
    user = make.make_user()
    for _ in range(n):
        programme = make.make_programme()
        make.Membership.objects.create(user=user, programme=programme, role="officer", starts_on="2020-01-01")
        make.make_indicator(programme, version=version)
    client.force_login(user)

    # Session (read, then prolonged in a savepoint: 4), user, menu, definition, versions, uses.
    with django_assert_num_queries(9):
        client.get(reverse("library-detail", args=["NMI-08"]))
