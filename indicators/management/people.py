"""On whose behalf an operator's command acts."""

from django.core.management.base import CommandError
from django.db.models import Q

from indicators.models import GlobalRole, User


def find_admin(username: str | None) -> User:
    """The named administrator, or the only one; CommandError says who could be named."""
    admins = User.objects.filter(
        Q(is_superuser=True) | Q(global_role=GlobalRole.ADMIN), is_active=True
    ).order_by("username")
    if username:
        person = admins.filter(username=username).first()
        if person is None:
            raise CommandError(f"There is no active administrator {username!r}.")
        return person
    people = list(admins[:20])
    if len(people) == 1:
        return people[0]
    names = ", ".join(person.username for person in people) or "none"
    raise CommandError(f"Say on whose behalf: --by USER. Administrators: {names}.")
