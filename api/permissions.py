"""Who may, where no key is asked for."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request


class ForReading(BasePermission):
    """Anybody reads; nothing is written. Whoever tries learns that this is not done here, not that a key would help."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method in SAFE_METHODS or not hasattr(view, str(request.method).lower())
