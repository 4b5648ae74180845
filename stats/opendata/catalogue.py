"""The catalogue for machines: DCAT 2 (W3C Recommendation of 4 February 2020) as JSON-LD.

Ukraine has published no profile of DCAT: these are the plain terms, with those that data.gov.ua asks for.
"""

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from geodata.models import Community
from stats.opendata.formats import format_named
from stats.opendata.licence import home_of, terms_of
from stats.opendata.page import Offer, OfferedFile, offers

CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "locn": "http://www.w3.org/ns/locn#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_EVERY_DAY = {"@id": "http://publications.europa.eu/resource/authority/frequency/DAILY"}
_LANGUAGE = {"@id": "http://publications.europa.eu/resource/authority/language/UKR"}
_OGC_FEATURES = {"@id": "http://www.opengis.net/def/interface/ogcapi-features"}
_SHA_256 = {"@id": "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"}


def catalogue_of(community: Community) -> dict[str, Any]:
    """Of one community."""
    with translation.override("uk"):
        return {"@context": CONTEXT, **_catalogue(community)}


def catalogue_of_all() -> dict[str, Any]:
    """Of the installation: the catalogues of its communities, by their addresses."""
    with translation.override("uk"):
        return {
            "@context": CONTEXT,
            "@id": settings.SITE_URL + reverse("open_data_catalogues"),
            "@type": "dcat:Catalog",
            "dct:title": _words(translation.gettext("Open data of all communities")),
            "dct:description": _words(translation.gettext("Open data of all communities")),
            "dct:publisher": _agent(f"{settings.SITE_URL}/", translation.gettext("Open City")),
            "dct:license": {"@id": settings.DATA_LICENCE_URL},
            "dcat:catalog": [
                {"@id": _address_of(one), "@type": "dcat:Catalog", "dct:title": _words(one.name)}
                for one in Community.objects.only("slug", "name")
            ],
        }


def _address_of(community: Community) -> str:
    return f"{settings.SITE_URL}{reverse('open_data_catalogue', args=[community.slug])}"


def _catalogue(community: Community) -> dict[str, Any]:
    title = translation.gettext("Open data: %(community)s") % {"community": community.name}
    return {
        "@id": _address_of(community),
        "@type": "dcat:Catalog",
        "dct:title": _words(title),
        "dct:description": _words(title),
        "dct:publisher": _publisher(community),
        "dct:license": {"@id": settings.DATA_LICENCE_URL},
        "dct:language": _LANGUAGE,
        "dcat:dataset": [_dataset(offer, community) for offer in offers(community)],
        "dcat:service": [_service(community)],
        "foaf:homepage": {"@id": home_of(community)},
    }


def _dataset(offer: Offer, community: Community) -> dict[str, Any]:
    dataset = offer.dataset
    told: dict[str, Any] = {
        "@id": f"{home_of(community)}#{dataset.name}",
        "@type": "dcat:Dataset",
        "dct:identifier": f"{community.slug}-{dataset.name}",
        "dct:title": _words(terms_of(dataset, community).title),
        "dct:description": _words(str(dataset.about)),
        "dct:publisher": _publisher(community),
        "dct:license": {"@id": settings.DATA_LICENCE_URL},
        "dct:accrualPeriodicity": _EVERY_DAY,
        "dct:language": _LANGUAGE,
        "dcat:landingPage": {"@id": home_of(community)},
        "dcat:keyword": [_words(str(dataset.title)), _words(community.name)],
        "dcat:distribution": [_file(offer, file, community) for file in offer.files if file.kept],
    }
    if offer.checked_at:
        told["dct:modified"] = _moment(offer)
    if dataset.shape and (box := community.bounds()):
        west, south, east, north = box
        told["dct:spatial"] = {
            "@type": "dct:Location",
            "dcat:bbox": {
                "@type": "http://www.opengis.net/ont/geosparql#wktLiteral",
                "@value": f"POLYGON(({west} {south},{east} {south},{east} {north},{west} {north},{west} {south}))",
            },
        }
    if offer.api_url:
        told["dcat:distribution"].append(_api(offer, community))
    return told


def _file(offer: Offer, file: OfferedFile, community: Community) -> dict[str, Any]:
    assert file.kept
    url = settings.SITE_URL + file.url
    return {
        "@id": url,
        "@type": "dcat:Distribution",
        "dct:title": _words(f"{offer.dataset.title}, {file.title}"),
        "dcat:downloadURL": {"@id": url},
        "dcat:accessURL": {"@id": home_of(community)},
        "dcat:mediaType": format_named(file.kept.format).media_type.partition(";")[0],
        "dcat:byteSize": {"@type": "xsd:decimal", "@value": str(file.kept.size)},
        "dct:license": {"@id": settings.DATA_LICENCE_URL},
        "dct:modified": {"@type": "xsd:dateTime", "@value": f"{file.kept.made_at:%Y-%m-%dT%H:%M:%SZ}"},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": _SHA_256,
            "spdx:checksumValue": {"@type": "xsd:hexBinary", "@value": file.kept.sha256},
        },
    }


def _api(offer: Offer, community: Community) -> dict[str, Any]:
    return {
        "@id": settings.SITE_URL + offer.api_url,
        "@type": "dcat:Distribution",
        "dct:title": _words(f"{offer.dataset.title}, OGC API – Features"),
        "dcat:accessURL": {"@id": settings.SITE_URL + offer.api_url},
        "dcat:accessService": {"@id": _service_address(community)},
        "dcat:mediaType": "application/geo+json",
        "dct:license": {"@id": settings.DATA_LICENCE_URL},
    }


def _service(community: Community) -> dict[str, Any]:
    browsed = [offer for offer in offers(community) if offer.api_url]
    return {
        "@id": _service_address(community),
        "@type": "dcat:DataService",
        "dct:title": _words(f"OGC API – Features: {community.name}"),
        "dct:publisher": _publisher(community),
        "dct:license": {"@id": settings.DATA_LICENCE_URL},
        "dct:conformsTo": _OGC_FEATURES,
        "dcat:endpointURL": {"@id": _service_address(community)},
        "dcat:endpointDescription": {"@id": settings.SITE_URL + reverse("ogc_api", args=[community.slug])},
        "dcat:servesDataset": [{"@id": f"{home_of(community)}#{offer.dataset.name}"} for offer in browsed],
    }


def _service_address(community: Community) -> str:
    return f"{settings.SITE_URL}{reverse('ogc', args=[community.slug])}"


def _publisher(community: Community) -> dict[str, Any]:
    return _agent(settings.SITE_URL + reverse("map", args=[community.slug]), community.name)


def _agent(address: str, name: str) -> dict[str, Any]:
    return {"@id": address, "@type": "foaf:Agent", "foaf:name": name}


def _moment(offer: Offer) -> dict[str, str]:
    return {"@type": "xsd:dateTime", "@value": f"{offer.checked_at:%Y-%m-%dT%H:%M:%SZ}"}


def _words(text: str) -> dict[str, str]:
    return {"@language": "uk", "@value": text}
