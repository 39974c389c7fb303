"""The URLs of single events and sessions, and of custom events (SPEC B12, B13, N4)."""

from collections.abc import Awaitable

from starlette.routing import BaseRoute, Route

from queryapi.answer import SESSION_REACH, Answer, Report
from queryapi.call import COMMON_PARAMETERS, REPEATABLE_PARAMETERS, Call
from queryapi.cursors import PAGE_PARAMETERS, Signer
from queryapi.custom_events import CUSTOM_EVENTS_PARAMETERS, custom_events
from queryapi.derived_key import derived_key
from queryapi.endpoint import Services, report_endpoint
from queryapi.lists import LIST_PARAMETERS
from queryapi.recent import Shown, recent
from queryapi.session_list import sessions
from shared.settings import Settings

# Who may see single events, and with them what one visitor did.
EVENTS_SCOPE = "events:read"

_CUSTOM_EVENTS = Report(
    custom_events,
    COMMON_PARAMETERS | LIST_PARAMETERS | CUSTOM_EVENTS_PARAMETERS,
    REPEATABLE_PARAMETERS - CUSTOM_EVENTS_PARAMETERS,
    reach=SESSION_REACH,
)


def event_routes(services: Services) -> list[BaseRoute]:
    """Every route that shows events, one by one or by name, and sessions one by one."""
    return [Route(path, report_endpoint(services, report)) for path, report in event_reports(services.settings)]


def event_reports(settings: Settings) -> tuple[tuple[str, Report], ...]:
    """Their reports by path."""
    shown = Shown(derived_key(settings, b"pseudonym"), has_user_agent=settings.store_user_agent)
    signer = Signer(derived_key(settings, b"cursor"))

    def recent_events(call: Call) -> Awaitable[Answer]:
        return recent(call, signer, shown)

    def single_sessions(call: Call) -> Awaitable[Answer]:
        return sessions(call, signer)

    paged = COMMON_PARAMETERS | PAGE_PARAMETERS
    events = Report(recent_events, paged, REPEATABLE_PARAMETERS, EVENTS_SCOPE)
    visits = Report(single_sessions, paged, REPEATABLE_PARAMETERS, EVENTS_SCOPE)
    return (
        ("/api/v1/events/{website_id}/recent", events),
        ("/api/v1/analytics/{website_id}/sessions", visits),
        ("/api/v1/events/{website_id}/custom-events", _CUSTOM_EVENTS),
    )
