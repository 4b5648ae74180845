"""Pages of statistics. Anybody may open them."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
