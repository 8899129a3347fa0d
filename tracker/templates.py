"""Compiles every template: a misspelt tag fails `make check`, not a page. Renders nothing."""

import sys
from pathlib import Path

import django
from django.conf import settings
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import get_template


def main() -> int:
    django.setup()
    folder = Path(settings.BASE_DIR) / "templates"
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    faults = []
    for name in names:
        try:
            get_template(name)
        except (TemplateSyntaxError, TemplateDoesNotExist, UnicodeDecodeError) as fault:
            faults.append(f"{name}: {fault!r}")
    print("\n".join(faults) or f"{len(names)} templates compile")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
