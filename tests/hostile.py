"""What attackers and broken clients send, and how a test fills the forms of a page as a browser would."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import quote_plus

EVERYWHERE = [
    "", " ", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "-0", "-1", "1" + "0" * 30, "1e308",
    "1e999999999", "NaN", "sNaN",
    "Infinity", "-inf", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "2025-02-30", "[]", "{}",
    "null", "NA",
    "\ufeff", "\u202e\u200dابت", "１２", "٣", "%00", "%s%n", "{{7*7}}", "{% csrf_token %}",
    "<script>alert(1)</script>",
    "' OR 1=1 --", "a\r\nX-Injected: 1", "../../etc/passwd", "\ufffe", "\U0010ffff", "(" * 2000,
    "a" * 100_000, "9" * 5000,
]  # fmt: skip
"""Into every field at once, and into every parameter of an address."""
BY_KIND = {
    "text": [
        "a\x00b",
        "\ud800",
        "a" * 100_000,
        "\ufeff\u202e\u200d",
        "<script>alert(1)</script>{{7*7}}",
        "a\r\nb",
    ],
    "number": [
        "1" + "0" * 30,
        "-0",
        "-1",
        "1e308",
        "1e999999999",
        "NaN",
        "Infinity",
        "9" * 5000,
        "٣",
        "a\x00b",
    ],
    "date": ["0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01", "2025-02-30", "1e5", "a\x00b", "１２"],
    "choice": ["1" + "0" * 30, "-1", "\ud800", "a\x00b", "x' OR 1=1", "9" * 5000],
}
"""Into one field, with everything else as it should be."""


@dataclass
class Form:
    """One form of a page: where it is sent, what it holds, and of what kind each of its fields is."""

    method: str = "get"
    action: str = ""
    values: dict[str, list[str]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)

    def filled(self) -> dict[str, list[str]]:
        """With something harmless where nothing stands."""
        usual = {"text": ["Some text"], "number": ["5"], "date": ["2025-06-30"], "choice": []}
        return {
            name: [v for v in values if v] or usual[self.kinds[name]] for name, values in self.values.items()
        }


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.select: tuple[str, list[tuple[str, bool]]] | None = None
        self.textarea: str | None = None
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.forms.append(Form((given.get("method") or "get").lower(), given.get("action") or ""))
            self.inside = True
        elif tag == "option" and self.select is not None:
            self.select[1].append((given.get("value") or "", "selected" in given))
        elif self.inside and (name := given.get("name")):
            self._field(tag, name, given)

    def _field(self, tag: str, name: str, given: dict[str, str | None]) -> None:
        form, kind, value = self.forms[-1], given.get("type") or "text", given.get("value") or ""
        if tag == "select":
            self.select = (name, [])
        elif tag == "textarea":
            self.textarea = name
            form.values[name], form.kinds[name] = [""], "text"
        elif tag == "button":
            form.values[name], form.kinds[name] = [value], "choice"
        elif tag == "input" and kind in {"radio", "checkbox"}:
            form.kinds[name] = "choice"
            kept = form.values.setdefault(name, [])
            if "checked" in given or not kept:
                form.values[name] = [value or "on"] if kind == "radio" else [*kept, value or "on"]
        elif tag == "input" and kind not in {"submit", "file", "image"} and name != "csrfmiddlewaretoken":
            form.values[name] = [value]
            numeric = kind == "number" or given.get("inputmode") in {"numeric", "decimal"}
            form.kinds[name] = (
                "number"
                if numeric
                else "date"
                if kind == "date"
                else "choice"
                if kind == "hidden"
                else "text"
            )

    def handle_data(self, data: str) -> None:
        if self.textarea is not None:
            self.forms[-1].values[self.textarea] = [self.forms[-1].values[self.textarea][0] + data]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "textarea":
            self.textarea = None
        elif tag == "select" and self.select is not None:
            name, options = self.select
            self.select = None
            if self.inside:
                chosen = [v for v, selected in options if selected] or [v for v, _s in options if v][:1]
                self.forms[-1].values[name], self.forms[-1].kinds[name] = chosen, "choice"


def forms_of(page: str) -> list[Form]:
    parser = _Forms()
    parser.feed(page)
    return parser.forms


def encoded(values: dict[str, list[str]]) -> str:
    """As a broken client sends it: lone surrogates and all."""
    return "&".join(
        f"{quote_plus(name)}={quote_plus(value, errors='surrogatepass')}"
        for name, one in values.items()
        for value in one
    )
