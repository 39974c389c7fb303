"""A funnel: the steps that people are expected to take, and how strictly (SPEC R72-R76)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

Scope = Literal["visitor", "session"]
StepOrder = Literal["ordered", "strict"]
Scalar = str | int | float | bool
SCOPES: tuple[Scope, ...] = ("visitor", "session")
STEP_ORDERS: tuple[StepOrder, ...] = ("ordered", "strict")
MIN_STEPS = 2
MAX_STEPS = 10
DEFAULT_WINDOW_SECONDS = 86_400
MAX_WINDOW_SECONDS = 2_592_000


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step: events of `event_type`, on pages like `page` ("" = any), with all of `properties`."""

    id: UUID
    name: str
    page: str
    event_type: str
    properties: dict[str, Scalar]


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What the owner of a funnel decides; 2 to 10 steps in their order."""

    name: str
    steps: tuple[Step, ...]
    scope: Scope
    order: StepOrder
    window_seconds: int

    @property
    def window(self) -> timedelta:
        return timedelta(seconds=self.window_seconds)


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """A stored funnel; `version` counts its changes, from 1."""

    funnel_id: UUID
    website_id: str
    definition: Definition
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def etag(self) -> str:
        return f'"{self.version}"'


_decode_steps = msgspec.json.Decoder(tuple[Step, ...]).decode


def encode_steps(steps: tuple[Step, ...]) -> str:
    """The steps as JSON text for their column."""
    return msgspec.json.encode(steps).decode()


def decode_steps(stored: str) -> tuple[Step, ...]:
    """The steps of a column, read as text."""
    return _decode_steps(stored)


def funnel_body(funnel: Funnel) -> dict[str, object]:
    """The funnel as the API shows it; what comes out can be put back."""
    definition = funnel.definition
    return {
        "id": str(funnel.funnel_id),
        "website_id": funnel.website_id,
        "name": definition.name,
        "steps": [step_body(step, order) for order, step in enumerate(definition.steps, 1)],
        "scope": definition.scope,
        "window_seconds": definition.window_seconds,
        "order": definition.order,
        "created_at": funnel.created_at,
        "updated_at": funnel.updated_at,
    }


def step_body(step: Step, order: int) -> dict[str, object]:
    """A step as the API shows it; `order` counts from 1."""
    body: dict[str, object] = {
        "id": str(step.id),
        "order": order,
        "name": step.name,
        "page": step.page,
        "event_type": step.event_type,
    }
    return {**body, "properties": step.properties} if step.properties else body
