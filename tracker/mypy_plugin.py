"""For the type check only: `request.user` is a `User`. The middleware and DRF's permission have turned strangers away.

Without it every call `visible_to(request.user)` would be reported, and switching that report off would hide real ones.
"""

from collections.abc import Callable

from mypy.plugin import AttributeContext, Plugin
from mypy.types import Instance, Type, UnionType, get_proper_type

NOBODY = "django.contrib.auth.models.AnonymousUser"
REQUESTS = ("django.http.request.HttpRequest", "rest_framework.request.Request")


class KnownUser(Plugin):
    def get_attribute_hook(self, fullname: str) -> Callable[[AttributeContext], Type] | None:
        owner, _, name = fullname.rpartition(".")
        return _known_user if name == "user" and owner in REQUESTS else None


def _known_user(context: AttributeContext) -> Type:
    """The type of the stubs, `User | AnonymousUser`, without its second half."""
    found = get_proper_type(context.default_attr_type)
    if not isinstance(found, UnionType):
        return found
    items = [get_proper_type(item) for item in found.items]
    return UnionType.make_union(
        [item for item in items if not (isinstance(item, Instance) and item.type.fullname == NOBODY)]
    )


def plugin(version: str) -> type[Plugin]:
    return KnownUser
