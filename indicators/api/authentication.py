"""Who asks by machine: tokens, however hostile."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request


class CarefulTokenAuthentication(TokenAuthentication):  # type: ignore[misc]  # knox has no types
    """Knox's; a token that is no text at all is refused like any other wrong one."""

    def authenticate(self, request: Request) -> Any:
        try:
            return super().authenticate(request)
        except UnicodeError as error:
            raise AuthenticationFailed(_("Invalid token.")) from error


class TokenScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call,misc]  # drf-spectacular registers it by being defined
    target_class = "indicators.api.authentication.CarefulTokenAuthentication"
