"""The data's way once, end to end, in a real browser: register, tailor, log, approve, assess, review."""

import re
from datetime import UTC, date, datetime

import pytest
from playwright.sync_api import expect

from indicators.catalogue.actions import load_catalogue
from indicators.models import AssessmentRun, Evaluation, Observation, Organisation, Programme
from indicators.programmes.actions import ensure_periods
from tests import factories as make

LAST_YEAR = datetime.now(UTC).year - 1


@pytest.fixture
def cast(transactional_db):
    """A person of each role, the library and what a programme refers to."""
    admin = make.make_admin("admin")
    make.make_partner("IRQ", name="Iraq")
    Organisation.objects.create(code="NATO", name="NATO", kind="alliance")
    for username in ("officer", "approver", "evaluator"):
        make.make_user(username)
    load_catalogue(by=admin, at=datetime.now(UTC))
    return admin


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def follow(page, name):
    page.get_by_role("link", name=name, exact=True).first.click()


def choose(page, name, words):
    """The option of a select whose text contains the words."""
    option = page.locator(f"[name={name}] option").filter(has_text=re.compile(words, re.IGNORECASE)).first
    page.select_option(f"[name={name}]", option.get_attribute("value"))


def register(page):
    page.goto("/programmes/new/")
    page.fill("[name=code]", "BORDER")
    page.fill("[name=name]", "Border training")
    page.fill("[name=summary]", "Helps border guards meet an agreed standard.")
    page.select_option("[name=framework]", "NMI")
    page.get_by_label("Iraq", exact=True).check()
    page.get_by_label("NATO", exact=True).check()
    page.fill("[name=starts_on]", f"{LAST_YEAR}-01-01")
    page.fill("[name=ends_on]", f"{LAST_YEAR + 3}-12-31")
    page.fill("[name=time_zone]", "Asia/Baghdad")
    page.click("main form button[type=submit], main form .button-primary")
    page.wait_for_url("**/programmes/BORDER/**")


def add_objective(page):
    page.goto("/programmes/BORDER/objectives/new/")
    page.fill("[name=code]", "OC1")
    page.select_option("[name=level]", "outcome")
    page.fill("[name=statement]", "Border posts meet the standard.")
    page.click("main form .button-primary")
    page.wait_for_url("**/design/**")


def add_members(page):
    for username, role in (("officer", "officer"), ("approver", "approver"), ("evaluator", "evaluator")):
        page.goto("/programmes/BORDER/members/new/")
        choose(page, "user", username)
        page.select_option("[name=role]", role)
        page.click("main form .button-primary")
        page.wait_for_url("**/members/")


def tailor(page):
    page.goto("/programmes/BORDER/indicators/add/?q=border+posts")
    page.get_by_role("link", name=re.compile("^Tailor Border posts meeting")).click()
    page.fill("[name=rationale]", "The partner asked for the posts of this sector first.")
    choose(page, "objective", "OC1")
    page.fill("[name=baseline]", "20")
    page.fill("[name=baseline_on]", f"{LAST_YEAR}-01-01")
    page.fill("[name=baseline_source]", "Joint inspection")
    page.fill("[name=target]", "80")
    page.fill("[name=target_on]", f"{LAST_YEAR + 3}-12-31")
    page.click("main form .button-primary")
    page.wait_for_url(lambda url: "/add/" not in url)


def log_figure(page):
    page.goto("/due/")
    page.get_by_role("link", name=re.compile("Form with evidence")).first.click()
    page.fill("[name=numerator]", "70")
    page.fill("[name=denominator]", "60")
    page.check("[name=declaration]")
    press(page, "Submit")
    expect(page.locator(".error-summary")).to_contain_text("60")
    assert not Observation.objects.exists()
    page.fill("[name=numerator]", "30")
    expect(page.locator("#computed")).to_contain_text("50")
    page.fill("[name=evidence_elsewhere]", "Sector headquarters, file 7")
    if not page.locator("[name=declaration]").is_checked():
        page.check("[name=declaration]")
    page.fill("[name=comment]", "As inspected.")
    press(page, "Submit")
    page.wait_for_url("**/observations/*/")
    expect(page.locator("main")).to_contain_text("Submitted")


def approve(page):
    page.goto("/review/")
    page.get_by_role("link", name=re.compile("Border posts meeting")).first.click()
    page.locator("[name=decision][value=approve], button[value=approve]").first.click()
    expect(page.locator("main")).to_contain_text("Approved")


def test_the_main_job_from_registration_to_a_signed_review(cast, browse, worker):
    admin = browse("admin")
    register(admin)
    add_objective(admin)
    add_members(admin)
    tailor(admin)
    admin.goto("/programmes/BORDER/design/force/")
    admin.click("main form .button-primary")
    programme = Programme.objects.get(code="BORDER")
    ensure_periods(programme=programme, until=date(LAST_YEAR + 1, 12, 31), at=datetime.now(UTC))
    indicator = programme.indicators.get()

    officer = browse("officer")
    log_figure(officer)
    approve(browse("approver"))

    officer.goto(indicator.get_absolute_url())
    expect(officer.locator("main")).to_contain_text("50 %".replace(" ", "\N{NO-BREAK SPACE}"))
    expect(officer.locator("main")).to_contain_text("Explain this number")

    admin.goto("/programmes/BORDER/assess/")
    press(admin, "Assess now")
    admin.wait_for_url(re.compile(r"/assessments/(due/)?\d+/"))
    expect(admin.locator("main")).to_contain_text(re.compile("Done|Verdicts"), timeout=120_000)
    run = AssessmentRun.objects.get()
    assert run.verdicts.get().indicator == indicator

    evaluator = browse("evaluator")
    evaluator.goto(f"/assessments/{run.pk}/evaluate/")
    evaluator.fill("[name=title]", "First review")
    evaluator.fill("[name=question]", "Do the posts meet the standard?")
    evaluator.click("main form .button-primary")
    evaluator.wait_for_url("**/evaluations/*/")
    follow(evaluator, "Add a finding")
    evaluator.fill("[name=statement]", "Half of the posts meet it.")
    evaluator.locator("[name=verdicts]").first.check()
    press(evaluator, "Save")
    follow(evaluator, "Edit texts")
    for name in ("scope", "judgement", "context"):
        evaluator.fill(f"[name={name}]", f"What there is to say of the {name}.")
    press(evaluator, "Save")
    follow(evaluator, "Rate")
    for area in evaluator.locator("main textarea").all():
        area.fill("Too early to say.")
    press(evaluator, "Save")
    follow(evaluator, "Turn into a draft report")
    press(evaluator, "Turn into a draft report")
    follow(evaluator, "Send out for a fact check")
    evaluator.fill("[name=fact_check_until]", f"{LAST_YEAR + 3}-12-31")
    press(evaluator, "Send out for a fact check")
    url = evaluator.url
    officer = browse("officer")
    officer.goto(url)
    press(officer, "We are through")
    evaluator.goto(url)
    follow(evaluator, "Sign")
    press(evaluator, "Sign")
    expect(evaluator.locator("main")).to_contain_text("Signed by")
    assert Evaluation.objects.get().state == "final"


def test_a_figure_can_be_logged_without_javascript(cast, browse):
    programme = make.make_programme("PLAIN")
    quarter = make.make_quarters(programme, since=LAST_YEAR, until=LAST_YEAR)[0]
    indicator = make.make_indicator(programme)
    make.make_user("plain", programme=programme)

    page = browse("plain", java_script_enabled=False)
    page.goto(f"/log/{indicator.pk}/?period={quarter.pk}")
    page.fill("[name=numerator]", "0")
    page.fill("[name=denominator]", "60")
    page.fill("[name=comment]", "Nothing was open.")
    page.check("[name=declaration]")
    press(page, "Submit")

    page.wait_for_url("**/observations/*/")
    row = Observation.objects.get()
    assert (row.numerator, row.state) == (0, "submitted")
