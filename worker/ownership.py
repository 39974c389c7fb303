"""Which partitions this worker owns: those whose advisory lock its writing connection holds.

The lock lives on the connection that writes, so that ownership needs no clock: a connection that is
gone can neither hold the lock nor commit. A worker that stopped without its socket closing (SIGSTOP, a
machine that hangs) is disconnected by its peers after SILENT_SECONDS without a statement.
"""

import psycopg

from sql.statements import read

# First halves of the keys of two-key advisory locks; any numbers that nothing else in the database uses.
PARTITION_LOCKS = 7_270_020
PRESENCE_LOCK = 7_270_021
# Every worker asks for its share each second, and a statement ends after 30 s.
SILENT_SECONDS = 60.0


class Ownership:
    """The partitions of one worker, through its writing connection. Raises psycopg.Error."""

    def __init__(self, connection: psycopg.Connection, partitions: int, silent_seconds: float = SILENT_SECONDS) -> None:
        self._connection = connection
        self._partitions = partitions
        self._silent_seconds = silent_seconds
        self.owned: list[int] = []
        # Shared by all workers: counting its holders counts the living.
        connection.execute("SELECT pg_advisory_lock_shared(%s, 0)", (PRESENCE_LOCK,))

    def balance(self) -> list[int]:
        """Give up what is more than a fair share, take what is free; the partitions newly taken.

        Call it with no entry in hand. The share is rounded up, so that together they own everything.
        """
        self._disconnect_silent()
        share = -(-self._partitions // self._count_workers())
        for partition in self.owned[share:]:
            self._connection.execute("SELECT pg_advisory_unlock(%s, %s)", (PARTITION_LOCKS, partition))
        del self.owned[share:]
        taken = self._take(share - len(self.owned)) if len(self.owned) < share else []
        self.owned += taken
        return taken

    def _count_workers(self) -> int:
        row = self._connection.execute(read("writes/count_workers"), {"presence": PRESENCE_LOCK}).fetchone()
        return max(1, int(row[0])) if row is not None else 1

    def _take(self, count: int) -> list[int]:
        free = [partition for partition in range(self._partitions) if partition not in self.owned]
        values = {"locks": PARTITION_LOCKS, "partitions": free, "count": count}
        return [int(row[0]) for row in self._connection.execute(read("writes/take_partitions"), values).fetchall()]

    def _disconnect_silent(self) -> None:
        values = {"presence": PRESENCE_LOCK, "seconds": self._silent_seconds}
        self._connection.execute(read("writes/disconnect_silent_workers"), values)
