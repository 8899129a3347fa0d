"""Evidence and contribution ratings in a real browser: files dropped, sent one by one, taken back; rows added."""

import pytest
from playwright.sync_api import expect

from indicators.models import ContributionRating, Evidence, Observation
from tests.assessment.rating_scenes import Rated
from tests.entry.scenes import PDF, Scene

pytestmark = pytest.mark.django_db(transaction=True)
SHEET = {"name": "sheet.pdf", "mimeType": "application/pdf", "buffer": PDF}
NOTES = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"Two posts."}
FAKE = {"name": "fake.png", "mimeType": "image/png", "buffer": b"<svg></svg>"}
PROGRAM = {"name": "a.exe", "mimeType": "application/octet-stream", "buffer": b"MZ"}
DROP = """zone => {
  const data = new DataTransfer();
  data.items.add(new File(["Dropped."], "dropped.txt", { type: "text/plain" }));
  zone.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def test_on_a_figures_page_each_file_goes_at_once_with_its_own_word(browse):
    scene = Scene()
    draft = scene.record()
    page = browse(scene.officer.username)
    page.goto(draft.get_absolute_url())
    files = page.locator("[data-drop] input[type=file]")

    files.set_input_files([SHEET, FAKE, PROGRAM])
    lines = page.locator("[data-drop-list] li")
    expect(lines.nth(0)).to_contain_text("uploaded")
    expect(lines.nth(1)).to_contain_text("its content is not what its name says")
    expect(lines.nth(2)).to_contain_text("not one of the types")
    expect(page.locator("[data-evidence-list]")).to_contain_text("sheet.pdf")

    page.locator("[data-drop]").evaluate(DROP)
    expect(page.locator("[data-evidence-list]")).to_contain_text("dropped.txt")
    assert sorted(Evidence.objects.values_list("name", flat=True)) == ["dropped.txt", "sheet.pdf"]

    page.get_by_role("button", name="Remove sheet.pdf").click()
    expect(page.locator("[data-evidence-list]")).not_to_contain_text("sheet.pdf")
    assert Evidence.objects.get().name == "dropped.txt"


def test_on_the_entry_form_chosen_files_survive_an_error(browse):
    scene = Scene()
    page = browse(scene.officer.username)
    page.goto(f"/log/{scene.indicator.pk}/?period={scene.q3.pk}")
    files = page.locator("[data-drop] input[type=file]")

    files.set_input_files([SHEET])
    files.set_input_files([NOTES])
    page.get_by_role("button", name="Remove notes.txt").click()
    page.click("button[value=draft]")
    expect(page.locator(".error-summary")).to_contain_text("No numerator was given")
    expect(page.locator("[data-drop-list]")).to_contain_text("sheet.pdf")

    page.fill("[name=numerator]", "30")
    page.fill("[name=denominator]", "60")
    page.click("button[value=draft]")
    expect(page.locator(".messages")).to_contain_text("Saved as a draft.")
    assert page.url.endswith(Observation.objects.get().get_absolute_url())
    assert list(Evidence.objects.values_list("name", flat=True)) == ["sheet.pdf"]


def test_rows_of_a_rating_are_added_and_kept(browse):
    rated = Rated()
    page = browse(rated.first.username)
    page.goto(f"/programmes/OWN/indicators/{rated.indicator.pk}/contribution/rate/")

    page.fill("[name=item-0-statement]", "It was planned so.")
    page.select_option("[name=item-0-rests_on]", f"observation:{rated.figure.pk}")
    expect(page.locator("[name=item-0-source]")).to_be_hidden()
    page.click("[data-repeat=item] [data-repeat-more]")
    page.fill("[name=item-5-statement]", "It speaks against.")
    page.select_option("[name=item-5-side]", "against")
    page.fill("[name=item-5-source]", "A report")
    page.fill("[name=rival-0-name]", "Oil price")
    page.click("button[name=draft]")
    expect(page.locator(".messages")).to_contain_text("Saved as a draft.")

    row = ContributionRating.objects.get()
    assert list(row.items.values_list("statement", "speaks_for", "source")) == [
        ("It was planned so.", True, ""), ("It speaks against.", False, "A report")
    ]  # fmt: skip
    assert row.rivals.get().name == "Oil price"
