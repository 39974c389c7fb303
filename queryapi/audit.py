"""Who changed what: one line of the log for each administrative act."""

import structlog

from shared.tokens import Principal

log = structlog.stdlib.get_logger()


def record(principal: Principal, act: str, website_id: str, **counts: int) -> None:
    """Note an act that was done, such as `website_created`: by whom, to which website, how much. Nothing of
    a visitor is told."""
    log.info("administrative_act", act=act, subject=principal.subject, website_id=website_id, **counts)
