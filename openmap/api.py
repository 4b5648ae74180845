"""The public API, version 1."""

from django.urls import path

from geodata.community import in_community
from issues.api import IssueList, responsible

urlpatterns = [
    path("<slug:community>/issues/", in_community(IssueList.as_view()), name="api_issues"),
    path("<slug:community>/responsible/", responsible, name="api_responsible"),
]
