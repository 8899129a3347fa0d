"""Definition files are read exactly; a wrong one says which file, key, what was given, what was expected."""

import shutil
from collections import Counter
from decimal import Decimal

import pytest

from indicators.catalogue import loading
from indicators.catalogue.loading import FOLDER, CatalogueError, load_definition, load_definitions


@pytest.fixture(scope="module")
def definitions():
    return {one.code: one for one in load_definitions()}


@pytest.fixture
def file(tmp_path):
    """A copy of one file, to be spoilt."""
    return shutil.copy(FOLDER / "NMI-05.toml", tmp_path / "NMI-05.toml")


def spoil(file, old, new):
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_all_sixty_files_load(definitions):
    assert len(definitions) == 60
    assert Counter(one.tense for one in definitions.values()) == {"BOTH": 42, "ON_THE_FLY": 10, "EX_POST": 8}
    assert Counter(one.measure for one in definitions.values()) == {"MOE": 35, "MOP": 16, "CONTEXT": 9}
    assert Counter(one.direction for one in definitions.values()) == {
        "ascending": 48,
        "descending": 9,
        "range": 3,
    }


def test_the_maturity_scale_has_a_descriptor_for_each_level(definitions):
    levels = definitions["NMI-05"].levels
    assert [one.label for one in levels] == [
        "None",
        "Initial",
        "Defined",
        "Practised",
        "Managed",
        "Self-sustaining",
    ]
    assert all(len(one.descriptor) > 40 for one in levels)


def test_minimum_data_are_numbers_beside_the_words(definitions):
    assert definitions["NMI-01"].min_denominator == Decimal(5)
    assert definitions["ICI-04"].min_n == 8
    # The rule counts contracts, the denominator is money: the number of cases is what must be enough.
    assert (definitions["NMI-10"].min_denominator, definitions["NMI-10"].min_n) == (None, 5)


def test_percent_is_scaled_and_other_ratios_are_not(definitions):
    assert definitions["NMI-01"].scale == 100
    assert definitions["ICI-17"].scale == 1


def test_the_sensitive_ones_are_marked(definitions):
    sensitive = {code for code, one in definitions.items() if one.is_sensitive}
    assert sensitive == {"NMI-06", "NMI-07", "NMI-08", "NMI-13", "NMI-16", "NMI-17"}


def test_the_frequency_keeps_its_own_words(definitions):
    assert definitions["ICI-08"].frequency == "per_course"
    assert definitions["ICI-08"].frequency_note == "per course at +6 months"
    assert definitions["PAR-02"].frequency_note == "biennial"


def test_the_closed_lists_are_those_of_the_models():
    from indicators.models import Measure, ResultLevel, Tense

    assert set(loading.RESULT_LEVELS) == set(ResultLevel.values)
    assert set(loading.MEASURES) == set(Measure.values)
    assert set(loading.TENSES) == set(Tense.values)


def test_a_window_is_content_and_a_definition_without_one_keeps_the_hash_it_always_had(file):
    context = load_definition(FOLDER / "CTX-07.toml")
    spoil(file, 'time_rule = "last"', 'time_rule = "median"')
    before = load_definition(file)
    spoil(file, "min_n = 4", "min_n = 4\nwindow_months = 24")
    after = load_definition(file)

    assert context.content_hash() == "013a38b19a8ac8380e96fa8d9d05e9761bda7e0fb704067410efa3423771ad51"
    assert (before.window_months, after.window_months) == (None, 24)
    assert before.content_hash() != after.content_hash()


def test_words_about_a_change_are_not_content(file):
    before = load_definition(file).content_hash()
    spoil(file, 'change_note = ""', 'change_note = "Spelling."')
    assert load_definition(file).content_hash() == before
    spoil(file, "min_n = 4", "min_n = 5")
    assert load_definition(file).content_hash() != before


@pytest.mark.parametrize(
    ("old", "new", "key", "expected"),
    [
        ('direction = "ascending"', 'direction = "upwards"', "direction", "one of ascending, descending"),
        ('name = "Inst', 'title = "Inst', "name", "a text"),
        ("scale = 1", 'scale = "one"', "scale", "a number"),
        ("scale = 1", "scale = 0", "scale", "a number above 0"),
        ("min_n = 4", "min_n = 4.5", "min_n", "a whole number"),
        (
            'frequency = "semi_annual"',
            'frequency = "sometimes"',
            "frequency",
            "one of weekly, two_weeks, monthly",
        ),
        ("upper_bound = 5", "upper_bound = -1", "upper_bound", "more than the lower bound 0"),
        ('value_type = "ordinal"', 'value_type = "ratio"', "numerator", "what is counted"),
        ('value_type = "ordinal"', 'value_type = "score"', "level", "no levels"),
        ('result_level = "outcome"', 'result_level = "context"', "measure", "CONTEXT exactly when"),
        ("min_n = 4", "minimum = 4", "minimum", "no such key"),
        ("level = 3\n", "level = 2\n", "level", "each level once"),
        ('descriptor = "The function does', 'words = "The function does', "level[1].descriptor", "a text"),
        ('code = "planning"', 'code = "a b"', "disaggregation[2].categories[1].code", "something like"),
        ('comparability = "first"', 'comparability = "break"', "change_note", "what changed"),
        ('code = "NMI-05"', 'code = "NMI-06"', "code", "the name of the file, 'NMI-05'"),
        ("# proposed catalogue v1", "# final catalogue", "first line", "proposed catalogue v1"),
        ('tense = "BOTH"', "tense = BOTH", "file", "a TOML file in UTF-8"),
        ("scale = 1", "scale = nan", "scale", "a number"),
        ("min_n = 4", "min_n = true", "min_n", "a number"),
        ("min_n = 4", 'is_sensitive = "yes"', "is_sensitive", "true or false"),
        ("min_n = 4", "window_months = 0", "window_months", "1 to 600 months"),
        ("min_n = 4", "window_months = 601", "window_months", "1 to 600 months"),
        ("min_n = 4", "window_months = 12", "window_months", "pools periods (not last)"),
    ],
)
def test_a_broken_file_says_where_and_what(file, old, new, key, expected):
    spoil(file, old, new)

    with pytest.raises(CatalogueError) as error:
        load_definition(file)

    assert error.value.file == "NMI-05.toml"
    assert error.value.key == key
    assert expected in str(error.value)
    assert str(error.value).startswith(f"NMI-05.toml: {key}: ")


def test_a_file_that_is_not_text_is_refused(tmp_path):
    file = tmp_path / "NMI-01.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CatalogueError, match="UTF-8"):
        load_definition(file)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(CatalogueError, match="at least one definition file"):
        load_definitions(tmp_path)
