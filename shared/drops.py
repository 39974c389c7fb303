"""What gateways tell of the events that they dropped on purpose (SPEC R56).

They know no database: Redis has it until the query API takes it into the table.
"""

from datetime import datetime

import msgspec

# Hash of a `Drops` -> events, which only grow: a count that is read twice, or by two, is the same count.
DROPS_KEY = "drops"


class Drops(msgspec.Struct, frozen=True, array_like=True):
    """Events of one website that one gateway process dropped in one hour, for one reason."""

    website_id: str
    hour: datetime
    reason: str
    gateway: str


_decoder = msgspec.json.Decoder(Drops)


def encode_drops(drops: Drops) -> bytes:
    """The field of the hash."""
    return msgspec.json.encode(drops)


def decode_drops(field: bytes) -> Drops:
    """What a field counts; raises msgspec.DecodeError."""
    return _decoder.decode(field)
