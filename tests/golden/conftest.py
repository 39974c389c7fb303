"""A website for each golden vector."""

from uuid import uuid4

import pytest

from tests.flow.pipeline import Pipeline
from tests.golden.site import Site
from tests.golden.vectors import golden_events


@pytest.fixture
def site(shared_pipeline: Pipeline) -> Site:
    """A website that has no events yet."""
    return Site(shared_pipeline, f"golden-{uuid4().hex[:12]}")


@pytest.fixture
def golden(site: Site) -> Site:
    """A website that has taken in the events of the vector."""
    site.take_in(golden_events())
    return site
