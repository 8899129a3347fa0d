"""Many figures in a real browser: by keyboard alone, without a connection, two people, an ended session, a phone."""

import re
from decimal import Decimal
from statistics import median

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from indicators.models import Observation, Role
from tests import factories as make

pytestmark = pytest.mark.django_db(transaction=True)
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
SEX = {
    "name": "sex",
    "label": "Sex",
    "categories": [{"code": "f", "label": "Women"}, {"code": "m", "label": "Men"}],
}
PASTE = """([selector, text]) => {
  const data = new DataTransfer();
  data.setData("text/plain", text);
  document.querySelector(selector).dispatchEvent(
    new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""


class Sheet:
    """A programme with counts at sites, its two officers, and the address of its sheet."""

    def __init__(self, *, indicators=2, sites=2, **version):
        self.programme = make.make_programme("SHEET")
        self.quarter = make.make_quarters(self.programme)[-1]
        self.sites = [make.make_unit(self.programme, f"S{n:02}") for n in range(sites)]
        self.indicators = [
            make.make_indicator(
                self.programme,
                version=make.make_version(
                    f"CNT-{n:02}",
                    **(
                        {"value_type": "count", "scale": Decimal(1), "unit": "posts", "site_rule": "sum"}
                        | version
                    ),
                ),
                units=self.sites,
                plan={"effective_on": self.quarter.starts_on},
            )
            for n in range(indicators)
        ]
        make.make_user("officer", programme=self.programme)
        make.make_user("colleague", programme=self.programme)
        make.make_user("approver", programme=self.programme, role=Role.APPROVER)
        self.url = f"/programmes/SHEET/enter/{self.quarter.pk}/"

    def name(self, indicator, site, field="value", cell=""):
        place = f"{self.indicators[indicator].pk}.{self.quarter.pk}.{self.sites[site].pk}.{cell}"
        return f'[name="{place}|{field}"]'

    def values(self):
        rows = Observation.objects.order_by("indicator__definition__code", "unit__code", "cell")
        return [None if one.value is None else int(one.value) for one in rows]


def status(page, words):
    expect(page.locator("[data-status]")).to_contain_text(re.compile(words))


def forgive(browse, *words):
    """Take out complaints of the browser that the test brought about."""
    browse.complaints[:] = [one for one in browse.complaints if not any(word in one for word in words)]


def active(page):
    return page.evaluate("document.activeElement.name || document.activeElement.id")


class Keys:
    """Presses and counts keys."""

    def __init__(self, page):
        self.page, self.count = page, 0

    def press(self, key):
        self.page.keyboard.press(key)
        self.count += 1

    def type(self, text):
        for letter in str(text):
            self.press(letter)

    def tab_to(self, selector, most=60):
        for _turn in range(most):
            if self.page.evaluate("s => document.activeElement.matches(s)", selector):
                return
            self.press("Tab")
        raise AssertionError(f"no {selector} within {most} tabs")


def test_forty_values_by_keyboard_alone_take_fewer_keys_than_the_form(browse, record_property):
    scene = Sheet(indicators=8, sites=5)
    page = browse("officer", viewport=DESKTOP)
    page.goto("/due/")
    keys = Keys(page)
    keys.tab_to('a[href*="/enter/"]')
    keys.press("Enter")
    page.wait_for_url(f"**{scene.url}**")
    expect(page.locator("form.is-live")).to_be_attached()
    page.focus(scene.name(0, 0))
    for number in range(40):
        keys.type(11 + number)
        keys.press("Enter")
    keys.press("Control+Enter")
    page.wait_for_url("**/submit/")
    assert scene.values() == list(range(11, 51))
    keys.tab_to("[name=evidence_elsewhere]")
    keys.type("File 7")
    keys.tab_to("[name=declaration]", most=200)
    keys.press(" ")
    keys.press("Enter")
    expect(page.locator("main")).to_contain_text("40 figures submitted")
    in_sheet = keys.count
    assert set(Observation.objects.values_list("state", flat=True)) == {"submitted"}

    other = Sheet2(scene)
    form = Keys(page)
    for number in range(2):
        page.goto(f"/log/{other.indicators[number].pk}/?period={scene.quarter.pk}")
        form.tab_to("[name=value]")
        form.type(11)
        form.tab_to("[name=evidence_elsewhere]")
        form.type("File 7")
        form.tab_to("[name=declaration]")
        form.press(" ")
        form.tab_to('button[value="submit"]')
        form.press("Enter")
        page.wait_for_url("**/observations/*/")
    in_form = form.count // 2 * 40
    record_property("keys_sheet", in_sheet)
    record_property("keys_form", in_form)
    print(f"40 values: {in_sheet} keys in the sheet, {in_form} in the form")
    assert in_sheet * 5 < in_form


class Sheet2:
    """Two more counts of the whole programme, for the single form."""

    def __init__(self, scene):
        self.indicators = [
            make.make_indicator(
                scene.programme, version=make.make_version(f"ONE-{n}", value_type="count", scale=Decimal(1))
            )
            for n in range(2)
        ]


def test_keys_move_edit_restore_undo_and_paste(browse):
    scene = Sheet(indicators=2, sites=3)
    page = browse("officer", viewport=DESKTOP)
    page.goto(scene.url)
    first, second = scene.name(0, 0), scene.name(0, 1)
    page.focus(first)
    page.keyboard.type("5")
    page.keyboard.press("ArrowDown")
    assert active(page) == page.get_attribute(second, "name")
    page.keyboard.type("6")
    page.keyboard.press("Escape")
    assert page.input_value(second) == ""
    page.keyboard.type("7")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("F2")
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("1")
    assert page.input_value(first) == "15"
    page.keyboard.press("Enter")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert (page.input_value(first), page.input_value(second)) == ("5", "")
    page.keyboard.press("Control+y")
    assert page.input_value(second) == "7"
    page.evaluate(PASTE, [first, "21\r\n٢٢\r\n1,5\r\n24\r\n"])
    assert page.input_value(scene.name(1, 0)) == "24"
    status(page, "Refused: 1")
    expect(page.locator(".grid-error").filter(has_text="“1,5” was given")).to_be_visible()
    assert scene.values() == [21, 22, 24]
    page.focus(first)
    page.keyboard.press("Control+End")
    assert active(page) == page.get_attribute(scene.name(1, 2, "missing_reason"), "name")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.focus(first)
    page.keyboard.press("Control+z")
    status(page, "All is saved")
    assert page.input_value(first) == "5"
    assert scene.values() == [5, 7]


def test_arrow_keys_follow_the_eye_in_arabic(browse):
    scene = Sheet(indicators=1, sites=1, value_type="ratio", scale=Decimal(100))
    page = browse("officer", viewport=DESKTOP, locale="ar")
    page.goto(scene.url)
    numerator, denominator = scene.name(0, 0, "numerator"), scene.name(0, 0, "denominator")

    page.focus(numerator)
    page.keyboard.press("ArrowLeft")

    assert active(page) == page.get_attribute(denominator, "name")
    assert page.locator(denominator).bounding_box()["x"] < page.locator(numerator).bounding_box()["x"]


def test_what_is_typed_without_a_connection_waits_and_is_sent_later(browse):
    scene = Sheet(indicators=1, sites=4)
    page = browse("officer", viewport=DESKTOP)
    page.goto(scene.url)
    page.fill(scene.name(0, 0), "1")
    status(page, "All is saved")
    page.context.set_offline(True)
    for site in (1, 2, 3):
        page.fill(scene.name(0, site), str(site + 1))
    status(page, "wait on this device: 3")
    assert scene.values() == [1]

    page.close()  # The browser is closed; later it is opened again, on another page.
    page.context.set_offline(False)
    page = page.context.new_page()
    page.goto(scene.url)

    status(page, "All is saved")
    assert page.input_value(scene.name(0, 3)) == "4"
    assert scene.values() == [1, 2, 3, 4]
    forgive(browse, "ERR_INTERNET_DISCONNECTED")


def test_the_connection_comes_back_while_the_page_is_open(browse):
    scene = Sheet(indicators=1, sites=2)
    page = browse("officer", viewport=DESKTOP)
    page.goto(scene.url)
    page.context.set_offline(True)
    page.fill(scene.name(0, 0), "8")
    status(page, "No connection")
    page.context.set_offline(False)

    status(page, "All is saved")
    assert scene.values() == [8]
    forgive(browse, "ERR_INTERNET_DISCONNECTED")


def test_an_answer_that_got_lost_is_asked_for_again_and_nothing_happens_twice(browse):
    scene = Sheet(indicators=1, sites=2)
    page = browse("officer", viewport=DESKTOP)
    page.goto(scene.url)
    lost = []

    def lose(route):
        if lost:
            route.continue_()
        else:
            lost.append(route.fetch().status)  # The server kept it; the answer does not arrive.
            route.abort("connectionreset")

    page.route("**/enter/save/", lose)
    page.fill(scene.name(0, 0), "8")

    status(page, "All is saved")
    one = Observation.objects.get()
    assert (lost, one.value, one.version) == ([200], 8, 1)
    forgive(browse, "ERR_CONNECTION_RESET")


def test_two_people_on_one_cell_see_both_values_and_choose(browse):
    scene = Sheet(indicators=1, sites=1)
    cell = scene.name(0, 0)
    mine, theirs = browse("officer", viewport=DESKTOP), browse("colleague", viewport=DESKTOP)
    mine.goto(scene.url)
    theirs.goto(scene.url)
    theirs.fill(cell, "31")
    status(theirs, "All is saved")

    mine.fill(cell, "34")
    status(mine, "Changed by two people: 1")
    merge = mine.locator("[data-merge]")
    expect(merge).to_contain_text("Yours: 34")
    expect(merge).to_contain_text("Stored: 31 posts, by Colleague")
    assert scene.values() == [31]
    assert violations(mine) == []

    merge.locator(".merge-third input").fill("33")
    merge.get_by_role("button", name="Use this").click()
    status(mine, "All is saved")
    assert scene.values() == [33]

    theirs.fill(cell, "30")
    status(theirs, "Changed by two people: 1")
    theirs.get_by_role("button", name=re.compile("Take theirs")).click()
    status(theirs, "All is saved")
    assert theirs.input_value(cell) == "33"
    assert scene.values() == [33]


def test_an_ended_session_loses_nothing_and_nobody_else_sends_it(browse):
    scene = Sheet(indicators=1, sites=2)
    page = browse("officer", viewport=DESKTOP)
    page.goto(scene.url)
    Session.objects.all().delete()
    page.fill(scene.name(0, 0), "12")
    status(page, "You are signed out. Figures that wait on this device: 1")
    assert scene.values() == []

    sign_in(page, "approver")  # Another person at the same device.
    page.goto(scene.url)
    status(page, "All is saved")
    assert page.input_value(scene.name(0, 0)) == ""
    page.context.clear_cookies()

    page.goto(scene.url)
    sign_in(page, "officer")
    page.goto(scene.url)
    status(page, "All is saved")
    assert page.input_value(scene.name(0, 0)) == "12"
    assert scene.values() == [12]
    assert Observation.objects.get().entered_by.username == "officer"


def test_a_page_of_one_person_sends_nothing_under_anothers_session(browse):
    scene = Sheet(indicators=1, sites=1)
    page = browse("officer", viewport=DESKTOP)
    page.goto(scene.url)
    page.context.clear_cookies()
    second = page.context.new_page()
    sign_in(second, "colleague")

    page.fill(scene.name(0, 0), "12")

    status(page, "Somebody else is signed in now. Figures of Officer that wait on this device: 1")
    assert scene.values() == []
    forgive(browse, "status of 403", "status of 409")


def sign_in(page, username):
    page.goto("/accounts/login/")
    page.fill("input[name=login]", username)
    page.fill("input[name=password]", username)
    page.click("main button[type=submit]")
    page.wait_for_url(lambda url: "/accounts/login" not in url)


def test_totals_are_checked_as_one_types_and_a_comment_settles_a_warning(browse):
    scene = Sheet(indicators=1, sites=1, disaggregations=[SEX])
    page = browse("officer", viewport=DESKTOP)
    page.goto(scene.url + "?parts=1")
    page.fill(scene.name(0, 0), "10")
    page.fill(scene.name(0, 0, cell="sex=f"), "4")
    page.fill(scene.name(0, 0, cell="sex=m"), "5")
    expect(page.locator(".sheet-sum")).to_contain_text("Parts 9, total 10")
    status(page, "All is saved")
    page.focus(scene.name(0, 0))
    expect(page.locator("[data-dock-said]")).to_contain_text("No evidence is given")
    page.keyboard.press("F4")
    page.keyboard.type("One did not say.")
    page.keyboard.press("Enter")
    page.check("[data-follow-up]")
    status(page, "All is saved")

    total = Observation.objects.get(cell="")
    assert (total.comment, total.follow_up) == ("One did not say.", True)
    page.keyboard.press("F8")
    expect(page.locator("#history-body")).to_contain_text("Changed")
    assert violations(page) == []


def test_on_a_phone_figures_stand_one_below_the_other(browse):
    scene = Sheet(indicators=2, sites=2, value_type="ratio", scale=Decimal(100))
    page = browse("officer", viewport=PHONE, has_touch=True, is_mobile=True)
    page.goto(scene.url)
    page.fill(scene.name(1, 1, "numerator"), "30")
    page.fill(scene.name(1, 1, "denominator"), "60")
    status(page, "All is saved")

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.evaluate("document.querySelector('.sheet-wrap').scrollWidth") <= PHONE["width"]
    assert Observation.objects.get().numerator == 30
    assert violations(page) == []


def test_without_a_script_one_button_saves_all_cells(browse):
    scene = Sheet(indicators=2, sites=2)
    page = browse("officer", java_script_enabled=False)
    page.goto(scene.url)
    page.fill(scene.name(0, 0), "1")
    page.fill(scene.name(1, 1), "0")
    page.select_option(scene.name(1, 0, "missing_reason"), "not_collected")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator("main")).to_contain_text("Saved as drafts: 3 figures")
    assert scene.values() == [1, None, 0]


FILL = """() => {
  let size = 1 << 20, n = 0;
  while (size >= 1) {
    try { localStorage.setItem("fill-" + n, "x".repeat(size)); n += 1; } catch (full) { size >>= 1; }
  }
  return n;
}"""
"""To the last letter."""


def test_a_full_device_says_so_and_loses_nothing(browse):
    scene = Sheet()
    page = browse("officer", viewport=DESKTOP)
    page.goto(scene.url)
    assert page.evaluate(FILL) > 0
    page.context.set_offline(True)
    page.focus(scene.name(0, 0))
    for number in (11, 12):
        page.keyboard.type(str(number))
        page.keyboard.press("Enter")
    status(page, "This device has no room to keep figures that wait: 2")
    assert Observation.objects.count() == 0

    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.evaluate("() => { window.setTimeout(() => location.assign('/'), 0) }")
    page.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    assert page.input_value(scene.name(0, 0)) == "11"

    page.context.set_offline(False)
    status(page, "All is saved")
    assert sorted(Observation.objects.values_list("value", flat=True)) == [11, 12]


def test_thousands_of_cells_wait_on_the_device_and_outlive_the_page(browse):
    scene = Sheet()
    page = browse("officer", viewport=DESKTOP)
    page.goto(scene.url)
    page.context.set_offline(True)
    left = page.evaluate(
        """() => {
          let unkept = 0;
          document.addEventListener("figures-state", (event) => { unkept = event.detail.unkept; });
          for (let n = 0; n < 5000; n += 1)
            window.localStorage.setItem("figures:0:" + n, JSON.stringify({
              place: "123456.123456.123456.sex=f;" + n, name: "An indicator of forty letters, more or less",
              page: location.pathname, version: 3, stamp: Date.now(), at: new Date().toISOString(), status: "typed",
              figures: { numerator: "123456", denominator: "654321", comment: "c".repeat(60) }, follow_up: false }));
          return unkept;
        }"""
    )
    assert left == 0
    page.context.set_offline(False)
    page.reload()
    held = "() => Object.keys(localStorage).filter((one) => one.startsWith('figures:0:')).length"
    assert page.evaluate(held) == 5000


def test_the_names_of_columns_and_lines_stay_in_sight(browse):
    scene = Sheet(indicators=8, sites=8)
    page = browse("officer", viewport=DESKTOP)
    page.goto(scene.url)
    page.evaluate(
        "() => { const w = document.querySelector('.sheet-wrap'); w.scrollTop = 900; w.scrollLeft = 300; }"
    )
    box = page.locator(".sheet-wrap").bounding_box()
    head = page.locator(".sheet thead th").first.bounding_box()
    assert abs(head["y"] - box["y"]) <= 2
    assert abs(head["x"] - box["x"]) <= 2

    phone = browse("colleague", viewport=PHONE)
    phone.goto(scene.url)
    phone.locator("[data-line]").nth(3).evaluate(
        "(one) => window.scrollTo(0, one.getBoundingClientRect().top + 120)"
    )
    group = phone.locator(".sheet-group").first.bounding_box()
    assert abs(group["y"]) <= 2
    assert phone.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_five_hundred_cells_stay_quick(browse, record_property):
    scene = Sheet(indicators=10, sites=50)
    page = browse("officer", viewport=DESKTOP)
    answer = page.goto(scene.url)
    weight, light = len(answer.body()), answer.request.sizes()["responseBodySize"]
    page.focus(scene.name(0, 0))
    for number in range(40):
        page.keyboard.press(str(number % 10))
        page.keyboard.press("Enter")
    status(page, "All is saved")
    took = page.evaluate(TYPE)
    record_property("page_kb", weight // 1024)
    print(
        f"500 cells: {weight / 1024:.0f} KB, {light / 1024:.0f} KB on the line; a key and its layout: "
        f"median {median(took):.1f} ms, longest {max(took):.1f} ms"
    )

    assert Observation.objects.count() >= 40
    assert light < 100 * 1024
    assert median(took) < 50


TYPE = """() => Array.from(document.querySelectorAll("input[data-cell]")).slice(60, 160).map(cell => {
  cell.focus();
  const start = performance.now();
  cell.value = "7";
  cell.dispatchEvent(new Event("input", { bubbles: true }));
  cell.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
  document.body.getBoundingClientRect();
  return performance.now() - start;
})"""
"""One letter and Enter in a hundred cells: what the scripts and the layout take, without the way of the key."""


def violations(page):
    """What axe finds on the page, in one line each."""
    found = (
        Axe()
        .run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
        .response["violations"]
    )
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found]
