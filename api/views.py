"""What views of the API begin with: who may read, how long an answer is good, and who asks too much."""

import hashlib
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from rest_framework.generics import GenericAPIView
from rest_framework.response import Response

from api.allowances import write_allowances
from api.permissions import ForReading


class ApiView(GenericAPIView[Any]):
    """An address of the API. Anybody reads it unless it says otherwise; answers carry an ETag and may be kept by
    whoever asks again with it."""

    permission_classes: Any = (ForReading,)
    model: type[Model]  # of a list, for the schema
    serializer_class: Any = None
    filter_backends: Any = ()

    def get_queryset(self) -> QuerySet[Any]:
        """What `rows` gives; nothing while the schema is written, when there is no community."""
        if getattr(self, "swagger_fake_view", False):
            return QuerySet(self.model).none()
        return self.rows()

    def rows(self) -> QuerySet[Any]:
        """What strangers may see of the community, not ordered."""
        raise NotImplementedError

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """The answer with its headers; 304 for whoever has it."""
        answer: HttpResponseBase = super().finalize_response(request, response, *args, **kwargs)
        plain: HttpRequest = getattr(request, "_request", request)
        patch_vary_headers(answer, ["Accept-Language", "Authorization", "X-Api-Key"])
        answer.headers["Access-Control-Allow-Origin"] = "*"  # pages of others may read: no cookie tells who asks
        write_allowances(plain, answer)
        is_read = plain.method in {"GET", "HEAD"}
        if not is_read or answer.status_code != 200 or not isinstance(answer, Response):
            answer.headers.setdefault("Cache-Control", "no-store")
            return answer
        whose = "private" if request.auth else "public"
        answer.headers.setdefault("Cache-Control", f"{whose}, no-cache")
        answer.render()
        answer.headers["ETag"] = f'W/"{hashlib.sha256(answer.content).hexdigest()[:32]}"'
        return get_conditional_response(plain, etag=answer.headers["ETag"], response=answer) or answer
