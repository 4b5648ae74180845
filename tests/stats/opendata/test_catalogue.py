"""The catalogue is DCAT 2: a program that knows nothing of us reads it as triples."""

from typing import Any

import pytest
from django.test import Client
from rdflib import DCAT, DCTERMS, RDF, Graph, URIRef
from rdflib.namespace import FOAF

from issues.models import Issue
from stats.opendata.making import make_exports
from stats.opendata.tables import all_datasets
from tests.conftest import NOW, City

LICENCE = URIRef("https://creativecommons.org/licenses/by/4.0/")


@pytest.fixture
def made(published: dict[str, Issue], city: City) -> None:
    make_exports(city.community, at=NOW)


def graph(response: Any) -> Graph:
    assert response["Content-Type"] == "application/ld+json"
    assert response["Access-Control-Allow-Origin"] == "*"
    return Graph().parse(data=response.content, format="json-ld")


def test_every_dataset_has_a_licence_a_publisher_and_its_files(made: None, client: Client, settings: Any) -> None:
    site = settings.SITE_URL
    found = graph(client.get("/yavoryn/data/catalog.jsonld"))
    (catalogue,) = found.subjects(RDF.type, DCAT.Catalog)
    datasets = set(found.objects(catalogue, DCAT.dataset))
    assert len(datasets) == len(all_datasets())
    for dataset in datasets:
        assert (dataset, RDF.type, DCAT.Dataset) in found
        assert found.value(dataset, DCTERMS.license) == LICENCE
        assert (found.value(dataset, DCTERMS.publisher), RDF.type, FOAF.Agent) in found
        for term in (DCTERMS.title, DCTERMS.description, DCTERMS.modified, DCTERMS.accrualPeriodicity,
                     DCTERMS.identifier, DCAT.landingPage, DCAT.keyword):  # fmt: skip
            assert found.value(dataset, term) is not None, term
    files = {str(url) for url in found.objects(None, DCAT.downloadURL)}
    assert files == {f"{site}/yavoryn/data/{one.name}.{name}" for one in all_datasets() for name in one.formats}


def test_each_file_tells_its_size_kind_licence_and_sum(made: None, client: Client) -> None:
    found = graph(client.get("/yavoryn/data/catalog.jsonld"))
    for file in found.subjects(DCAT.downloadURL, None):
        assert (file, RDF.type, DCAT.Distribution) in found
        assert found.value(file, DCTERMS.license) == LICENCE
        assert int(str(found.value(file, DCAT.byteSize))) > 0
        assert found.value(file, DCAT.mediaType) is not None
        (checksum,) = found.objects(file, URIRef("http://spdx.org/rdf/terms#checksum"))
        assert len(str(found.value(checksum, URIRef("http://spdx.org/rdf/terms#checksumValue")))) == 64


def test_the_api_is_a_service_that_serves_what_can_be_browsed(made: None, client: Client) -> None:
    found = graph(client.get("/yavoryn/data/catalog.jsonld"))
    (service,) = found.subjects(RDF.type, DCAT.DataService)
    served = {dataset for dataset in found.objects(service, DCAT.servesDataset)}  # noqa: C416
    assert len(served) == sum(dataset.browsed is not None for dataset in all_datasets())
    assert served <= set(found.subjects(RDF.type, DCAT.Dataset))


def test_files_that_were_not_made_are_not_promised(city: City, client: Client) -> None:
    found = graph(client.get("/yavoryn/data/catalog.jsonld"))
    assert not list(found.objects(None, DCAT.downloadURL))
    assert len(set(found.subjects(RDF.type, DCAT.Dataset))) == len(all_datasets())


def test_the_catalogue_of_the_installation_leads_to_each_community(
    city: City, elsewhere: object, client: Client, settings: Any
) -> None:
    found = graph(client.get("/data/catalog.jsonld"))
    (whole,) = found.subjects(DCAT.catalog, None, unique=True)
    parts = {str(part) for part in found.objects(whole, DCAT.catalog)}
    assert parts == {f"{settings.SITE_URL}/{slug}/data/catalog.jsonld" for slug in ("yavoryn", "sosnivka")}
    for part in parts:
        assert client.get(part.removeprefix(settings.SITE_URL)).status_code == 200


def test_no_community_is_called_as_the_page_of_data() -> None:
    from django.core.exceptions import ValidationError

    from geodata.slugs import refuse_reserved

    with pytest.raises(ValidationError):
        refuse_reserved("data")
