"""The numbers of the whole installation as JSON."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from stats.platform import as_json, platform


@cache_control(public=True, max_age=60)
@require_safe
def platform_json(request: HttpRequest) -> JsonResponse:
    """Communities, people, things by kind and state. Open to every site."""
    response = JsonResponse(as_json(platform()))
    response["Access-Control-Allow-Origin"] = "*"
    return response
