"""Writes a batch for certain: part by part, again and again through an outage, around poison."""

import threading
from collections.abc import Sequence

import psycopg
import structlog

from shared.clock import monotonic_seconds
from worker.batch import WHOLE, Delivery, Entry, Part, decode_entry, split_parts
from worker.claim import claim_entries, seen_days_of, written_parts
from worker.dead import Death, Reason, bury, crash_loop, death_of, death_of_payload, deaths_of_entry
from worker.failure import MAX_UNKNOWN_RETRIES, Failure, PoisonFloodError, classify, delay_seconds, sqlstate
from worker.isolate import find_poison
from worker.metrics import WorkerMetrics
from worker.tally import Written, save_counts
from worker.write import Desk, Position, days_of, write_part

log = structlog.stdlib.get_logger()


class AbandonedError(Exception):
    """The worker was told to stop while a write kept failing."""


def write_batch(desk: Desk, deliveries: Sequence[Delivery], metrics: WorkerMetrics, stop: threading.Event) -> None:
    """Return when every event is in the database once, as a row, a count or a dead letter.

    Raises what ended the connection, PoisonFloodError, or AbandonedError; parts already committed stay,
    and the ledger knows them when the batch comes again.
    """
    for part in split_parts(deliveries):
        written = _write_until_done(desk, part, metrics, stop)
        metrics.part_written(written.rows, written.deaths)


def write_off(desk: Desk, entries: Sequence[Entry], deliveries: int) -> None:
    """Bury what is not stored of entries that workers died of: all of an entry, without looking into it; or, where a
    part of it is stored, so that it can be decoded, its other parts. Raises psycopg.Error."""
    written = Written()
    with desk.connection.transaction():
        # Nobody else writes these meanwhile: the partition is owned by this connection.
        before = written_parts(desk.connection, entries)
        untouched = [entry for entry in entries if entry not in before]
        claim_entries(desk.connection, Part(WHOLE, entries=untouched))
        for entry in untouched:
            for death in deaths_of_entry(entry, deliveries):
                written.bury_payload(death)
        begun = [decode_entry(entry) for entry, parts in before.items() if WHOLE not in parts]
        for part in split_parts(begun):
            _bury_part(desk.connection, part, deliveries, written)
        bury(desk.connection, written.deaths)
        save_counts(desk.connection, written)


def _bury_part(connection: psycopg.Connection, part: Part, deliveries: int, written: Written) -> None:
    """Note the deaths of what was not written before."""
    claimed = claim_entries(connection, part)
    for incoming in part.events:
        if claimed is None or incoming.entry in claimed:
            written.bury(incoming, death_of(incoming, Reason.CRASH_LOOP, crash_loop(deliveries)))
    for undecodable in part.undecodable:
        if claimed is None or undecodable.entry in claimed:
            written.bury_payload(death_of_payload(undecodable))


def _write_until_done(desk: Desk, part: Part, metrics: WorkerMetrics, stop: threading.Event) -> Written:
    poison: dict[Position, Death] = {}
    failures = unknown = 0
    has_poison = False
    while True:
        try:
            if has_poison:
                found = find_poison(desk, part, poison)
                # Nothing found: the error has gone, or it is none of the events'. Once more, with a pause.
                has_poison = False
                failures += found.keys() == poison.keys()
                poison = found
            else:
                _prepare(desk, part)
                return write_part(desk, part, poison)
        except PoisonFloodError:
            raise
        except Exception as error:
            kind = classify(error)
            if desk.connection.closed:
                raise
            metrics.retried(sqlstate(error) or type(error).__name__)
            if kind is Failure.UNKNOWN and unknown < MAX_UNKNOWN_RETRIES:
                unknown += 1
                kind = Failure.OPERATIONAL
            log.warning("write_failed", kind=kind.value, error=type(error).__name__, sqlstate=sqlstate(error))
            desk.days.forget()
            has_poison = kind is not Failure.OPERATIONAL
            failures += not has_poison
        if failures and stop.wait(delay_seconds(failures)):
            raise AbandonedError


def _prepare(desk: Desk, part: Part) -> None:
    """What a transaction of this part needs to be there before."""
    desk.websites.prepare(desk.connection, part.website_ids, monotonic_seconds())
    desk.days.prepare(desk.connection, days_of(part.events), seen_days_of(part.events))
