"""A Celery broker made of files, for one machine without a broker server.

kombu's own file-system transport writes a message under its final name, so a reader may take it half written and
the worker dies of it (kombu issue 1551); it also names files by a clock that restarts with the machine, and takes
messages through the system's temporary folder. Here a message, and the table of an exchange, appear complete or not
at all, names keep their order, and what was taken is deleted.
"""

import fcntl
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty
from typing import Any
from uuid import uuid4

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem, virtual
from kombu.transport.filesystem import exchange_queue_t
from kombu.utils.json import dumps, loads

NAME = "embedded"
# It becomes part of a file name.
NAME_OF_EXCHANGE = re.compile(r"[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
LEFT_OVER_SECONDS = 3600


class Channel(filesystem.Channel):
    """Messages are files named `<nanoseconds>_<uuid>.<queue>.msg` in one folder."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for folder in (self._messages, self._taken, self._tables):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._forget_left_overs()

    @property
    def _messages(self) -> Path:
        return Path(self.data_folder_in)

    @property
    def _taken(self) -> Path:
        return Path(self.processed_folder)

    @property
    def _tables(self) -> Path:
        return Path(self.control_folder)

    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]
        _write_whole(self._messages / f"{time.time_ns():020}_{uuid4()}.{queue}.msg", dumps(payload))

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for name in self._names(queue):
            taken = self._taken / name
            try:
                (self._messages / name).rename(taken)
            except FileNotFoundError:
                continue  # another worker was first
            payload = taken.read_bytes()
            taken.unlink()
            return loads(payload)
        raise Empty

    def _size(self, queue: str) -> int:
        return len(self._names(queue))

    def _purge(self, queue: str) -> int:
        removed = 0
        for name in self._names(queue):
            with suppress(FileNotFoundError):
                (self._messages / name).unlink()
                removed += 1
        return removed

    def get_table(self, exchange: str) -> list[exchange_queue_t]:  # type: ignore[override]
        try:
            rows = loads(self._table(exchange).read_bytes())
        except FileNotFoundError:
            return []
        return [exchange_queue_t(*row) for row in rows]

    def _queue_bind(self, exchange: str, routing_key: str | None, pattern: str | None, queue: str) -> None:
        row = exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._table_lock(exchange):
            table = self.get_table(exchange)
            if row not in table:
                _write_whole(self._table(exchange), dumps([row, *table]))

    def _delete(self, queue: str, exchange: str, routing_key: str, pattern: str, *args: Any, **kwargs: Any) -> None:
        self._purge(queue)
        row = exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._table_lock(exchange):
            table = self.get_table(exchange)
            if row in table:
                table.remove(row)
                _write_whole(self._table(exchange), dumps(table))

    @contextmanager
    def _table_lock(self, exchange: str) -> Iterator[None]:
        with self._table(exchange).with_suffix(".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # released when the file is closed
            yield

    def _table(self, exchange: str) -> Path:
        if not NAME_OF_EXCHANGE.fullmatch(exchange):
            raise ChannelError(f"Invalid exchange name: {exchange!r}")
        return self._tables / f"{exchange}.exchange"

    def _names(self, queue: str) -> list[str]:
        return sorted(path.name for path in self._messages.iterdir() if path.name.partition(".")[2] == f"{queue}.msg")

    def _forget_left_overs(self) -> None:
        """Remove what a process that was killed between two steps left behind; rows, not messages, are the truth."""
        cutoff = time.time() - LEFT_OVER_SECONDS
        for path in [*self._taken.iterdir(), *self._messages.glob(".draft-*")]:
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < cutoff:
                    path.unlink()


class Transport(filesystem.Transport):
    """Reached by the broker address `embedded://localhost`; the folders are transport options."""

    Channel = Channel

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        # kombu remembers bindings for the whole process, whatever the folder; ours are read from the folder.
        self.state = virtual.BrokerState()


def register() -> None:
    """Make `embedded://localhost` known to kombu."""
    TRANSPORT_ALIASES[NAME] = f"{__name__}:{Transport.__name__}"


def _write_whole(path: Path, text: str) -> None:
    # The name of a draft ends in no queue's name, so no reader takes it.
    draft = path.with_name(f".draft-{uuid4().hex}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
