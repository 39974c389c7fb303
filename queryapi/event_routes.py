"""The URLs of single events and of what was done with them (SPEC B12, B13)."""

from starlette.routing import BaseRoute, Route

from queryapi.answer import Report
from queryapi.call import COMMON_PARAMETERS, REPEATABLE_PARAMETERS
from queryapi.custom_events import CUSTOM_EVENTS_PARAMETERS, custom_events
from queryapi.endpoint import Services, report_endpoint
from queryapi.lists import LIST_PARAMETERS

_CUSTOM_EVENTS = Report(
    custom_events,
    COMMON_PARAMETERS | LIST_PARAMETERS | CUSTOM_EVENTS_PARAMETERS,
    REPEATABLE_PARAMETERS - CUSTOM_EVENTS_PARAMETERS,
)


def event_routes(services: Services) -> list[BaseRoute]:
    """Every route below `/api/v1/events` that reads."""
    return [Route("/api/v1/events/{website_id}/custom-events", report_endpoint(services, _CUSTOM_EVENTS))]
