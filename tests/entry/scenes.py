"""A programme with an officer, an approver, an indicator and its quarters; files for evidence."""

from datetime import timedelta

from indicators.entry import actions
from indicators.models import Role
from tests.factories import AT, make_indicator, make_programme, make_quarters, make_user

LATER = AT + timedelta(hours=1)
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


class Scene:
    """A programme with an officer, an approver, an indicator and its quarters."""

    def __init__(self, **indicator):
        self.programme = make_programme()
        self.officer = make_user(programme=self.programme)
        self.approver = make_user(programme=self.programme, role=Role.APPROVER)
        self.indicator = make_indicator(self.programme, **indicator)
        self.quarters = make_quarters(self.programme)
        self.q3 = self.quarters[6]

    def record(self, **given):
        defaults = {
            "indicator": self.indicator,
            "period": self.q3,
            "by": self.officer,
            "at": AT,
            "source": "api",
        }
        defaults["as_of"] = given.get("period", self.q3).ends_on
        if not {"numerator", "value", "text", "missing_reason"} & set(given):
            defaults |= {"numerator": "30", "denominator": "60"}
        return actions.record_observation(**(defaults | given))

    def submit(self, **given):
        return actions.submit_observation(observation=self.record(**given), by=self.officer, at=AT)

    def approve(self, observation=None, **given):
        observation = observation or self.submit(**given)
        return actions.approve_observation(observation=observation, by=self.approver, at=LATER)


def log_in(client, user):
    client.force_login(user)
