"""Who changed what: one line of the log for each administrative act."""

import structlog

from shared.tokens import Principal

log = structlog.stdlib.get_logger()


def record(principal: Principal, act: str, website_id: str | None = None, **details: object) -> None:
    """Note an act that was done, such as `website_created`: by whom, to what, how much. Nothing of a visitor is
    told, no address of a user and no secret: ids alone."""
    which = {} if website_id is None else {"website_id": website_id}
    log.info("administrative_act", act=act, subject=principal.subject, **which, **details)
