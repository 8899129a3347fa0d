"""A register in a real browser: arrow keys, Enter, a pasted block, and the form without a script."""

import pytest

from indicators.models import Enrolment, TestScore
from tests.entry.register_scenes import fill, make_course

pytestmark = pytest.mark.django_db(transaction=True)
PASTE = """([selector, text]) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  document.querySelector(selector).dispatchEvent(
    new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


def test_a_block_is_pasted_and_saved_by_keyboard(browse):
    scene = make_course()
    fill(scene, 3, asked=False)
    cells = [f"c{pk}." for pk in Enrolment.objects.order_by("pseudonym").values_list("pk", flat=True)]
    page = browse(scene.officer.username)
    page.goto(f"/programmes/{scene.programme.code}/runs/{scene.run.pk}/register/?sheet=scores")

    page.focus(f'[name="{cells[0]}pre"]')
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.name") == f"{cells[1]}pre"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == f"{cells[2]}pre"
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.name") == f"{cells[2]}post"
    page.evaluate(PASTE, [f'[name="{cells[0]}pre"]', "11\t31\n12\t32\n13\t33\n14\t34"])
    assert page.inner_text("[data-grid-note]").endswith("1")
    page.click("text=Save the sheet")
    page.wait_for_selector("text=Saved: 6 cells")

    kept = (
        TestScore.objects.current()
        .order_by("enrolment__pseudonym", "-occasion")
        .values_list("score", flat=True)
    )
    assert [int(one) for one in kept] == [11, 31, 12, 32, 13, 33]


def test_pasting_participants_makes_as_many_rows_as_are_needed(browse):
    scene = make_course()
    page = browse(scene.officer.username)
    page.goto(f"/programmes/{scene.programme.code}/runs/{scene.run.pk}/register/")

    block = "\n".join(f"P{i}\tKWT\tf\t<30\tdefence\tyes" for i in range(1, 9))
    page.evaluate(PASTE, ['[name="n1.pseudonym"]', block])
    page.click("text=Save the sheet")
    page.wait_for_selector("text=Saved: 40 cells")

    assert Enrolment.objects.count() == 8
