"""The public API, version 1: every address, assembled from the apps."""

from typing import Any

from django.urls import URLPattern, path

from api.schema_views import document, schema
from geodata import api as places
from geodata.community import in_community
from issues import api as reports
from issues import api_author as author
from issues import api_inbox as inbox
from issues import api_reporting as reporting
from issues import api_support as supporting
from issues.api_responsible import Responsible, answered_at_once
from issues.api_similar import Similar
from media import api as photos
from notifications import api as hooks
from openmap.api_start import CommunityDetail, Start
from routing import api as routing
from stats import api_tables as stats
from works import api as works


def _of_community(route: str, view: Any, name: str) -> URLPattern:
    """An address under `/api/v1/<community>/`."""
    return path(f"<slug:community>/{route}", in_community(view.as_view()), name=f"api_{name}")


urlpatterns = [
    path("", Start.as_view(), name="api_start"),
    path("schema/", schema, name="api_schema"),
    path("docs/", document, name="api_docs"),
    path("communities/", places.CommunityList.as_view(), name="api_communities"),
    path("communities/<slug:community>/", in_community(CommunityDetail.as_view()), name="api_community"),
    _of_community("issues/", reporting.Reports, "issues"),
    _of_community("issues/<int:number>/", reports.IssueDetail, "report"),
    _of_community("issues/<int:number>/events/", reports.IssueEvents, "report_events"),
    _of_community("issues/<int:number>/mine/", author.OwnReport, "mine"),
    _of_community("issues/<int:number>/mine/acts/", author.OwnActs, "mine_acts"),
    _of_community("issues/<int:number>/mine/correction/", author.OwnCorrection, "mine_correction"),
    _of_community("issues/<int:number>/mine/correction/check/", author.OwnCorrectionCheck, "mine_correction_check"),
    _of_community("issues/<int:number>/mine/letters/", author.OwnLetters, "mine_letters"),
    _of_community("issues/<int:number>/mine/photos/<uuid:photo>/boxes/", author.OwnPhotoBoxes, "mine_photo_boxes"),
    _of_community("issues/<int:number>/support/", supporting.Support, "support"),
    _of_community("issues/<int:number>/support/leave/", supporting.Leave, "support_leave"),
    _of_community("issues/<int:number>/additions/", supporting.Additions, "additions"),
    _of_community("inbox/", inbox.Inbox, "inbox"),
    _of_community("inbox/<int:number>/", inbox.InboxReport, "inbox_report"),
    _of_community("inbox/<int:number>/answers/", inbox.InboxAnswers, "inbox_answers"),
    _of_community("inbox/<int:number>/pass/", inbox.InboxPass, "inbox_pass"),
    _of_community("similar/", Similar, "similar"),
    _of_community("photos/", photos.Photos, "photos"),
    _of_community("photos/<str:photo_key>/", photos.PhotoDetail, "photo"),
    _of_community("photos/<str:photo_key>/boxes/", photos.PhotoBoxes, "photo_boxes"),
    path(
        "<slug:community>/responsible/",
        answered_at_once(in_community(Responsible.as_view())),
        name="api_responsible",
    ),
    _of_community("categories/", routing.CategoryList, "categories"),
    _of_community("registers/", routing.RegisterList, "registers"),
    _of_community("registers/<slug:code>/assets/", routing.AssetList, "assets"),
    _of_community("organisations/", routing.OrganisationList, "organisations"),
    _of_community("works/", works.WorkList, "works"),
    _of_community("works/<int:work>/", works.WorkDetail, "work"),
    _of_community("divisions/", places.DivisionList, "divisions"),
    _of_community("areas/", places.AreaList, "areas"),
    _of_community("areas/<int:area>/", places.AreaDetail, "area"),
    _of_community("places/", places.Places, "places"),
    _of_community("places/near/", places.PlaceNear, "place_near"),
    _of_community("layers/", places.LayerList, "layers"),
    _of_community("statistics/", stats.Statistics, "statistics"),
    _of_community("statistics/<slug:table>/", stats.StatisticsTable, "statistics_table"),
    _of_community("webhooks/", hooks.WebhookList, "webhooks"),
    _of_community("webhooks/<uuid:hook>/", hooks.WebhookDetail, "webhook"),
    _of_community("webhooks/<uuid:hook>/ping/", hooks.WebhookPing, "webhook_ping"),
    _of_community("webhooks/<uuid:hook>/pause/", hooks.WebhookPause, "webhook_pause"),
    _of_community("webhooks/<uuid:hook>/resume/", hooks.WebhookResume, "webhook_resume"),
    _of_community("webhooks/<uuid:hook>/secret/", hooks.WebhookSecret, "webhook_secret"),
    _of_community("webhooks/<uuid:hook>/deliveries/", hooks.WebhookDeliveries, "webhook_deliveries"),
    _of_community(
        "webhooks/<uuid:hook>/deliveries/<uuid:message>/again/", hooks.WebhookSendAgain, "webhook_send_again"
    ),
]
