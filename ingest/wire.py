"""One connection to Redis that carries many commands at once and learns only whether each was taken."""

import asyncio

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection

# Replies are an entry's id or one line of refusal; more without an end is not Redis.
MAX_UNREAD_BYTES = 64 * 1024


class Wire:
    """An open connection. redis-py opens it (TLS, ACL user, unix socket, database); reading its replies
    took redis-py 31 us each, of which a flight has one a partition, and takes 1 us here."""

    def __init__(self, connection: AbstractConnection) -> None:
        self._connection = connection
        writer = connection._writer  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] -- the socket has no other door
        assert writer is not None
        self._transport = writer.transport
        self._replies = _Replies(self._transport)
        self._transport.set_protocol(self._replies)

    @property
    def is_open(self) -> bool:
        return not self._transport.is_closing()

    async def exchange(self, request: bytes, count: int) -> list[str | None]:
        """The refusals of the `count` commands in `request`, None for each that was taken; raises
        OSError when there is no reply. Nothing is ever sent twice. After an error, or when this is
        cancelled, the wire must be closed: replies may still be on their way."""
        replies = self._replies.expect(count)
        self._transport.write(request)
        return await replies

    async def close(self) -> None:
        """Close at once."""
        self._transport.abort()
        await self._connection.disconnect(nowait=True)


async def open_wire(pool: ConnectionPool) -> Wire:
    """A wire of its own beside the connections of `pool`; raises RedisError or OSError."""
    connection: AbstractConnection = pool.make_connection()
    await connection.connect()
    return Wire(connection)


class _Replies(asyncio.Protocol):
    """Reads the replies of one exchange at a time: `$<length> <text>` or `-<refusal>`, each ended by CR LF."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport
        # redis-py's own, which must hear of the end too.
        self._previous = transport.get_protocol()
        self._unread = b""
        self._found: list[str | None] = []
        self._count = 0
        self._done: asyncio.Future[list[str | None]] | None = None

    def expect(self, count: int) -> asyncio.Future[list[str | None]]:
        self._found = []
        self._count = count
        self._done = asyncio.get_running_loop().create_future()
        return self._done

    def data_received(self, data: bytes) -> None:
        unread = self._unread + data
        start = 0
        while (line := unread.find(b"\r\n", start)) >= 0:
            kind = unread[start : start + 1]
            end = line + 2
            if kind == b"$":
                end += int(unread[start + 1 : line]) + 2
                if end > len(unread):
                    break
                self._found.append(None)
            elif kind == b"-":
                self._found.append(unread[start + 1 : line].decode("latin-1"))
            else:
                self._fail(ConnectionResetError("not a reply to XADD"))
                return
            start = end
        self._unread = unread[start:]
        if len(self._unread) > MAX_UNREAD_BYTES or len(self._found) > self._count:
            self._fail(ConnectionResetError("more than the replies asked for"))
        elif len(self._found) == self._count and self._done is not None and not self._done.done():
            self._done.set_result(self._found)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionResetError("closed by the server"))
        self._previous.connection_lost(exc)

    def _fail(self, error: Exception) -> None:
        self._transport.abort()
        if self._done is not None and not self._done.done():
            self._done.set_exception(error)
