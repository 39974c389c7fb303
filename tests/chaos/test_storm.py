"""A short storm, and a death at every named place; `make chaos` does both for longer."""

from tests.chaos.failpoints import FAILPOINTS
from tests.chaos.rounds import Rounds, run_rounds
from tests.chaos.storm import Weather, run_storm


def quiet(_line: str) -> None:
    """Progress is for people who wait."""


# Servers of their own, which the wall around tests must know of.
def test_a_storm_loses_and_doubles_nothing(servers: object) -> None:
    figures = run_storm(Weather(seed=20_261, seconds=40, faults_every=1.0, events_a_second=1000), quiet)

    assert figures.violations == []
    assert figures.faults >= 30
    assert figures.events_accepted > 1000


def test_every_failpoint(servers: object) -> None:
    hits, accepted, violations = run_rounds(Rounds(passes=1, workers=(2,)), quiet)

    assert violations == []
    assert set(hits) == set(FAILPOINTS)
    assert accepted > 0
