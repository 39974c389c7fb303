"""The URL table. Family A stands first: `/analytics/dashboard/x` and `/analytics/x/dashboard` have one
shape, and the first that matches answers (SPEC C12)."""

from collections.abc import Awaitable

from starlette.routing import BaseRoute, Route

from queryapi.annotation_routes import annotation_routes
from queryapi.answer import SESSION_REACH, Answer, Report
from queryapi.call import COMMON_PARAMETERS, REPEATABLE_PARAMETERS, Call
from queryapi.dashboard import DASHBOARD_PARAMETERS, dashboard
from queryapi.devices import DEVICES_PARAMETERS, DRILL_PARAMETERS, devices, top_browsers, top_devices, top_os
from queryapi.endpoint import Services, report_endpoint
from queryapi.event_routes import event_reports, event_routes
from queryapi.export import export_routes
from queryapi.funnel_routes import funnel_routes
from queryapi.goal import GOAL
from queryapi.goals import GOALS
from queryapi.health import detailed_health, health, metrics, ready
from queryapi.import_routes import import_routes
from queryapi.ingest_report import ingest_report
from queryapi.journeys import JOURNEYS
from queryapi.key_routes import key_routes
from queryapi.lists import LIST_PARAMETERS, Listing, answer_list
from queryapi.live_routes import live_routes
from queryapi.named_routes import named_routes
from queryapi.openapi.routes import document_routes
from queryapi.page import page_routes
from queryapi.pages import PAGES_PARAMETERS, pages
from queryapi.places import CITY_LIST, CONTINENT_LIST, COUNTRY_LIST, REGION_LIST
from queryapi.presets import CHANNELS, ENTRY_PAGES, EXIT_PAGES, UTM
from queryapi.query_routes import query_routes
from queryapi.ranges import RANGE_PARAMETERS
from queryapi.realtime import REALTIME, REALTIME_PATH
from queryapi.removal_routes import removal_routes
from queryapi.retention import RETENTION
from queryapi.segment import SEGMENT
from queryapi.session_routes import session_routes
from queryapi.setup_routes import setup_routes
from queryapi.share_routes import share_routes
from queryapi.sources import REFERRERS_PARAMETERS, SOURCES_PARAMETERS, sources, top_referrers
from queryapi.timeseries import HOURLY_PARAMETERS, SERIES_PARAMETERS, daily, hourly, timeseries
from queryapi.user_routes import user_routes
from queryapi.web_vitals import WEB_VITALS
from queryapi.website_routes import website_routes

_LIST = COMMON_PARAMETERS | LIST_PARAMETERS


def _place(listing: Listing) -> Report:
    def answer(call: Call) -> Awaitable[Answer]:
        return answer_list(call, listing)

    return Report(answer, _LIST, REPEATABLE_PARAMETERS, reach=SESSION_REACH)


_DASHBOARD = Report(dashboard, COMMON_PARAMETERS | DASHBOARD_PARAMETERS, REPEATABLE_PARAMETERS, reach=SESSION_REACH)
_PAGES = Report(pages, _LIST | PAGES_PARAMETERS, REPEATABLE_PARAMETERS, reach=SESSION_REACH)
_HOURLY = Report(hourly, COMMON_PARAMETERS | HOURLY_PARAMETERS, REPEATABLE_PARAMETERS, reach=SESSION_REACH)
_DAILY = Report(daily, COMMON_PARAMETERS | {"metrics"}, REPEATABLE_PARAMETERS, reach=SESSION_REACH)
_COUNTRIES = _place(COUNTRY_LIST)
# `compare` is known to every report of a range; lists take it and have nothing to compare.
REPORTS: tuple[tuple[str, Report], ...] = (
    ("/api/v1/analytics/dashboard/{website_id}", _DASHBOARD),
    ("/api/v1/analytics/dashboard/{website_id}/pages", _PAGES),
    (
        "/api/v1/analytics/dashboard/{website_id}/sources",
        Report(sources, _LIST | SOURCES_PARAMETERS, REPEATABLE_PARAMETERS, reach=SESSION_REACH),
    ),
    (
        "/api/v1/analytics/dashboard/{website_id}/devices",
        Report(devices, COMMON_PARAMETERS | DEVICES_PARAMETERS, REPEATABLE_PARAMETERS, reach=SESSION_REACH),
    ),
    ("/api/v1/analytics/geo/{website_id}/countries", _COUNTRIES),
    ("/api/v1/analytics/geo/{website_id}/cities", _place(CITY_LIST)),
    ("/api/v1/analytics/geo/{website_id}/continents", _place(CONTINENT_LIST)),
    ("/api/v1/analytics/geo/{website_id}/regions", _place(REGION_LIST)),
    (
        "/api/v1/analytics/timeseries/{website_id}",
        Report(timeseries, COMMON_PARAMETERS | SERIES_PARAMETERS, REPEATABLE_PARAMETERS, reach=SESSION_REACH),
    ),
    ("/api/v1/analytics/timeseries/{website_id}/hourly", _HOURLY),
    ("/api/v1/analytics/timeseries/{website_id}/daily", _DAILY),
    ("/api/v1/analytics/{website_id}/dashboard", _DASHBOARD),
    (REALTIME_PATH, REALTIME),
    ("/api/v1/analytics/{website_id}/top-pages", _PAGES),
    (
        "/api/v1/analytics/{website_id}/top-referrers",
        Report(top_referrers, _LIST | REFERRERS_PARAMETERS, REPEATABLE_PARAMETERS, reach=SESSION_REACH),
    ),
    ("/api/v1/analytics/{website_id}/top-countries", _COUNTRIES),
    (
        "/api/v1/analytics/{website_id}/top-browsers",
        Report(top_browsers, _LIST | DRILL_PARAMETERS, REPEATABLE_PARAMETERS, reach=SESSION_REACH),
    ),
    (
        "/api/v1/analytics/{website_id}/top-devices",
        Report(top_devices, _LIST, REPEATABLE_PARAMETERS, reach=SESSION_REACH),
    ),
    (
        "/api/v1/analytics/{website_id}/top-os",
        Report(top_os, _LIST | DRILL_PARAMETERS, REPEATABLE_PARAMETERS, reach=SESSION_REACH),
    ),
    ("/api/v1/analytics/{website_id}/daily-stats", _DAILY),
    ("/api/v1/analytics/{website_id}/hourly-stats", _HOURLY),
    ("/api/v1/analytics/{website_id}/entry-pages", ENTRY_PAGES),
    ("/api/v1/analytics/{website_id}/exit-pages", EXIT_PAGES),
    ("/api/v1/analytics/{website_id}/utm", UTM),
    ("/api/v1/analytics/{website_id}/channels", CHANNELS),
    ("/api/v1/analytics/{website_id}/performance", WEB_VITALS),
    ("/api/v1/analytics/{website_id}/journeys", JOURNEYS),
    ("/api/v1/analytics/{website_id}/goals", GOALS),
    ("/api/v1/analytics/{website_id}/retention", RETENTION),
    ("/api/v1/websites/{website_id}/ingest-report", Report(ingest_report, RANGE_PARAMETERS, frozenset())),
)


def make_routes(services: Services) -> list[BaseRoute]:
    """Every route of the query API, in the order they are tried."""
    return [
        *page_routes(services.settings),
        Route("/health", health(services)),
        Route("/ready", ready(services)),
        Route("/metrics", metrics(services)),
        Route("/api/v1/analytics/health", detailed_health(services)),
        *(Route(path, report_endpoint(services, report)) for path, report in REPORTS),
        *live_routes(services),
        *funnel_routes(services),
        *named_routes(services, GOAL),
        *website_routes(services),
        *key_routes(services),
        *removal_routes(services),
        *export_routes(services),
        *import_routes(services),
        *setup_routes(services),
        *session_routes(services),
        *user_routes(services),
        *share_routes(services),
        *annotation_routes(services),
        *event_routes(services),
        *document_routes(services.settings, (*REPORTS, *event_reports(services.settings))),
        *query_routes(services),
        *named_routes(services, SEGMENT),
    ]
