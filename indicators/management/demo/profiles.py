"""Context profiles of the demo's partners: short, made up to show the page, and labelled so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from indicators.models import ContextProfile, Partner, User
from indicators.programmes.profiles import Said, describe_partner

SOURCE = "Illustrative text of the demonstration"
AS_OF = date(2026, 6, 30)
PROFILES: Mapping[str, Mapping[str, str]] = {
    "IRQ": {
        "security": "Attacks are local and vary by province; travel outside the capital needs weeks of notice.",
        "institutions": "Ministries have written procedures; following them depends on the office.",
        "languages": "Arabic and Kurdish; English among advisers' counterparts only.",
        "absorption": "Many providers at once: offices host several teams of advisers in a week.",
        "others": "EU advisory mission, UN agencies and bilateral teams work with the same ministries.",
        "asked": "Advice on planning and budgets rather than more basic courses.",
    },
    "MRT": {
        "security": "Long borders in open country; units are spread thin.",
        "institutions": "A small staff plans for all services; posts change slowly.",
        "languages": "Arabic and French; courses in English need interpreters.",
        "absorption": "Few officers are free for courses in the same quarter.",
        "others": "EU and bilateral trainers on the same border.",
        "asked": "Support that uses the equipment already there.",
    },
    "JOR": {
        "security": "Pressure along the border at times, calm inland.",
        "institutions": "Long practice of planning with partners; written lessons are kept.",
        "languages": "Arabic; English is common among officers.",
        "absorption": "Hosts much regional training: its planners are the bottleneck.",
        "others": "Several bilateral programmes share the same training centres.",
        "asked": "Fewer activities, each followed up.",
    },
    "KWT": {
        "security": "Calm; attention lies on critical infrastructure.",
        "institutions": "Well-funded offices with short rotations of staff.",
        "languages": "Arabic; English in most courses.",
        "absorption": "A small pool of specialists attends many courses.",
        "asked": "Courses that lead to recognised certificates.",
    },
    "QAT": {
        "security": "Calm; large events are planned for long in advance.",
        "languages": "Arabic; English in staff courses.",
        "absorption": "Much expertise is contracted, so that knowledge leaves with contracts.",
        "asked": "Help to keep in-house what courses teach.",
    },
    "MNG": {
        "security": "Calm; units serve in peacekeeping far from home.",
        "languages": "Mongolian; English is the bottleneck before each deployment.",
        "absorption": "A few specialised units take nearly all courses.",
        "asked": "Language training before everything else.",
    },
    "ARE": {
        "security": "Calm; attention lies on sea lanes.",
        "languages": "Arabic; English throughout.",
        "institutions": "Own training centres and industry.",
        "asked": "Common standards rather than basic courses.",
    },
    "MAR": {
        "security": "Long borders and coasts, calm inland.",
        "languages": "Arabic, Tamazight and French; English grows.",
        "institutions": "Long practice in operations with partners.",
        "asked": "Exercises with neighbours.",
    },
}


def make_profiles(partners: Mapping[str, Partner], *, by: User, at: datetime) -> int:
    """First versions for partners without one; how many were made."""
    described = set(ContextProfile.objects.values_list("partner__code", flat=True))
    missing = [code for code in PROFILES if code in partners and code not in described]
    for code in missing:
        describe_partner(
            partner=partners[code],
            entries={
                topic: Said(text=text, source=SOURCE, source_on=AS_OF, confidence="low")
                for topic, text in PROFILES[code].items()
            },
            reason="First description, for the demonstration.",
            number=0,
            by=by,
            at=at,
            is_illustrative=True,
        )
    return len(missing)
