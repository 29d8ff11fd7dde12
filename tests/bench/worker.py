"""Calls one WSGI application in this process, without a server; told what to do by __main__.py, one JSON line at a time.

A body may hold ``{uuid7}`` (a fresh key at each occurrence and call) and ``{now}``; the requests of an endpoint are used in
turn. Before each call that is timed, the rows that earlier calls left are removed, so that the hundredth call
measures what the first did.
"""

import cProfile
import gzip
import importlib
import io
import itertools
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import uuid_utils.compat

sys.path.insert(0, ".")
answers = sys.stdout
sys.stdout = sys.stderr
module, _, attribute = sys.argv[1].partition(":")
application: Callable[..., Any] = getattr(importlib.import_module(module), attribute or "application")

from django.db import connection  # noqa: E402 - the application has to be set up first
from django.test.utils import CaptureQueriesContext  # noqa: E402

Request = dict[str, Any]
TRANSACTION = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


def environment(request: Request, now: str) -> dict[str, Any]:
    text = re.sub(r"\{uuid7\}", lambda _: str(uuid_utils.compat.uuid7()), request.get("body") or "")
    body = text.replace("{now}", now).encode()
    path, _, query = request["path"].partition("?")
    environ = {
        "REQUEST_METHOD": request["method"],
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SCRIPT_NAME": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request["headers"].items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return environ


def call(environ: dict[str, Any], expect: int) -> bytes:
    statuses: list[int] = []
    result = application(environ, lambda status, headers, error=None: statuses.append(int(status.split()[0])))
    out = b"".join(result)
    if hasattr(result, "close"):
        result.close()
    if statuses[0] != expect:
        raise AssertionError(f"{environ['PATH_INFO']}: {statuses[0]}, expected {expect}: {out[:300]!r}")
    return out


def forget(rows: list[str]) -> None:
    with connection.cursor() as cursor:
        for these in rows:
            cursor.execute(f"DELETE FROM {these}")  # noqa: S608 - names from our own configuration


def prepared(job: dict[str, Any], requests: Iterator[Request], n: int) -> list[dict[str, Any]]:
    forget(job["forget"])
    now = datetime.now(UTC).isoformat()
    return [environment(next(requests), now) for _ in range(n)]


def count(job: dict[str, Any], requests: Iterator[Request]) -> dict[str, int]:
    *warm, measured, profiled = prepared(job, requests, 5)
    for environ in warm:
        call(environ, job["expect"])
    forget(job["forget"])
    with CaptureQueriesContext(connection) as captured:
        out = call(measured, job["expect"])
    words = [query["sql"].split(None, 1)[0].upper() for query in captured.captured_queries]
    transactions = sum(word in TRANSACTION for word in words)
    forget(job["forget"])
    profile = cProfile.Profile()
    profile.enable()
    call(profiled, job["expect"])
    profile.disable()
    return {
        "sql": len(words) - transactions,
        "tx": transactions,
        "calls": sum(entry.callcount for entry in profile.getstats()),
        "bytes": len(out),
        "gzip": len(gzip.compress(out, 6)),
    }


def timed(job: dict[str, Any], requests: Iterator[Request]) -> dict[str, float]:
    seconds = 0.0
    for environ in prepared(job, requests, job["n"]):
        forget(job["forget"])
        start = time.process_time()
        call(environ, job["expect"])
        seconds += time.process_time() - start
    return {"cpu_ms": seconds * 1000 / job["n"]}


endpoints: dict[str, Iterator[Request]] = {}
for line in sys.stdin:
    job = json.loads(line)
    requests = endpoints.setdefault(job["name"], itertools.cycle(job["requests"]))
    try:
        answer: dict[str, Any] = {**count(job, requests)} if job["do"] == "count" else {**timed(job, requests)}
    except Exception as error:  # noqa: BLE001 - whatever it is, the driver prints it and stops
        answer = {"error": f"{type(error).__name__}: {error}"}
    answers.write("@@" + json.dumps(answer) + "\n")
    answers.flush()
