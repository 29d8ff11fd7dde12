import json
import threading
from pathlib import Path
from queue import Empty
from typing import Any, cast

import pytest
from kombu import Connection, Exchange, Producer, Queue
from kombu.exceptions import ChannelError

from rehab.lib import fsbroker


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "queue"


def connect(folder: Path) -> Connection:
    fsbroker.register()
    return Connection(
        "embedded://localhost",
        transport_options={
            "data_folder_in": str(folder),
            "data_folder_out": str(folder),
            "control_folder": str(folder / "exchanges"),
            "processed_folder": str(folder / "taken"),
            "polling_interval": 0.01,
        },
    )


def queue(name: str = "dogs") -> Queue:
    return Queue(name, Exchange("steadyback", type="direct"), routing_key=name)


def simple_queue(connection: Connection, queue: Queue) -> Any:
    """kombu takes a declared queue here; its types know only names."""
    return connection.SimpleQueue(cast("Any", queue))


def test_messages_keep_their_order_and_leave_no_file(folder: Path) -> None:
    with connect(folder) as connection:
        dogs = simple_queue(connection, queue())
        for number in range(20):
            dogs.put({"number": number})

        received = []
        for _ in range(20):
            message = dogs.get(timeout=2)
            message.ack()
            received.append(message.payload["number"])

    assert received == list(range(20))
    assert [path for path in folder.rglob("*") if path.suffix == ".msg"] == []


def test_message_is_only_seen_by_its_queue(folder: Path) -> None:
    with connect(folder) as connection:
        simple_queue(connection, queue("dogs")).put({"for": "dogs"})
    with connect(folder) as connection:
        cats = simple_queue(connection, queue("cats"))
        with pytest.raises(Empty):
            cats.get(timeout=0.1)
    with connect(folder) as connection:
        assert simple_queue(connection, queue("dogs")).get(timeout=2).payload == {"for": "dogs"}


def test_exchange_name_that_leaves_the_folder_is_refused(folder: Path) -> None:
    with connect(folder) as connection, pytest.raises(ChannelError):
        simple_queue(connection, Queue("dogs", Exchange("../dogs", type="direct"), routing_key="dogs"))


def test_half_written_message_is_never_taken(folder: Path) -> None:
    with connect(folder) as connection:
        dogs = simple_queue(connection, queue())
        (folder / ".draft-0123").write_text('{"half":')
        with pytest.raises(Empty):
            dogs.get(timeout=0.1)
        assert (folder / ".draft-0123").exists()


def test_concurrent_publishers_and_readers_lose_and_double_nothing(folder: Path) -> None:
    publishers, each = 4, 100
    received: list[int] = []
    errors: list[BaseException] = []
    done = threading.Event()

    def guarded(work: object, *args: int) -> None:
        try:
            assert callable(work)
            work(*args)
        except Exception as error:  # noqa: BLE001 (whatever it is, the test must report it)
            errors.append(error)

    def publish(first: int) -> None:
        with connect(folder) as connection:
            producer = Producer(connection.channel())
            for number in range(first, first + each):
                producer.publish({"number": number}, exchange="steadyback", routing_key="dogs", declare=[queue()])

    def read() -> None:
        with connect(folder) as connection:
            dogs: Any = simple_queue(connection, queue())
            while True:
                try:
                    message = dogs.get(timeout=0.2)
                except Empty:
                    if done.is_set():
                        return
                    continue
                message.ack()
                received.append(message.payload["number"])

    readers = [threading.Thread(target=guarded, args=(read,)) for _ in range(3)]
    writers = [threading.Thread(target=guarded, args=(publish, index * each)) for index in range(publishers)]
    for thread in [*readers, *writers]:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()

    assert errors == []
    assert sorted(received) == list(range(publishers * each))


def test_left_overs_of_killed_process_are_removed_after_an_hour(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with connect(folder) as connection:
        simple_queue(connection, queue()).put({"number": 1})
        for path in (folder / "taken" / "old.dogs.msg", folder / ".draft-old"):
            path.write_text(json.dumps({}))
        monkeypatch.setattr(fsbroker, "LEFT_OVER_SECONDS", -1)
        with connect(folder) as later:
            later.channel()

        assert list((folder / "taken").iterdir()) == []
        assert not (folder / ".draft-old").exists()
        assert len(list(folder.glob("*.msg"))) == 1
