"""SQL that the ORM writes once: for the few busiest reads and inserts, writing it costs ten times what running it does."""

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Model, QuerySet
from django.db.models.sql.compiler import SQLCompiler

Value = UUID | dt.date | dt.datetime | str | int | bool | None


@dataclass(frozen=True)
class _Compiled:
    compiler: SQLCompiler
    sql: str
    # The name of a parameter, or None and its constant.
    params: list[tuple[str | None, Any]]
    converters: dict[int, Any]


class Prepared:
    """A ``values_list`` query that differs between calls only in its parameters.

    ``build`` is called once a thread with stand-ins and returns the queryset; afterwards ``rows`` fills real values
    into the same SQL. A stand-in must be a value that the query does not hold otherwise, and the shape of the
    query must not depend on it.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], **stand_ins: Value) -> None:
        self._build = build
        self._stand_ins = stand_ins
        self._local = threading.local()

    def rows(self, **values: Value) -> list[list[Any]]:
        """The rows for these values, converted to Python as the queryset would.

        Raises:
            LookupError: a stand-in is not in the SQL; its parameter would silently do nothing.
        """
        compiled = self._compiled()
        adapt = _adapter()
        adapted = {name: adapt(value) for name, value in values.items()}
        params = [constant if name is None else adapted[name] for name, constant in compiled.params]
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, params)
            found = cursor.fetchall()
        return list(compiled.compiler.apply_converters(found, compiled.converters))

    def _compiled(self) -> _Compiled:
        known: _Compiled | None = getattr(self._local, "compiled", None)
        if known is None or known.compiler.connection is not connections[DEFAULT_DB_ALIAS]:
            known = self._local.compiled = self._compile()
        return known

    def _compile(self) -> _Compiled:
        query = self._build(**self._stand_ins).query
        compiler = query.get_compiler(connection=connections[DEFAULT_DB_ALIAS])
        sql, found = compiler.as_sql()
        adapt = _adapter()
        stand_ins = {name: adapt(value) for name, value in self._stand_ins.items()}
        params = [_named(value, stand_ins) for value in found]
        if missing := self._stand_ins.keys() - {name for name, _ in params}:
            raise LookupError(f"not in the SQL: {sorted(missing)}")
        columns = [column for column, _, _ in compiler.select]
        return _Compiled(compiler, sql, params, compiler.get_converters(columns))


def _named(value: Any, stand_ins: dict[str, Any]) -> tuple[str | None, Any]:
    for name, stand_in in stand_ins.items():
        if type(value) is type(stand_in) and value == stand_in:
            return name, None
    return None, value


class PreparedInsert:
    """Rows of a table, inserted without making a model instance of each; the database's constraints still hold."""

    def __init__(self, model: type[Model], *names: str) -> None:
        self._model = model
        self._names = names

    def rows(self, rows: Sequence[Sequence[Value]]) -> None:
        """Insert the rows, whose values stand in the order of the names, as one statement.

        Raises:
            IntegrityError: a key is taken, or a constraint refuses a row.
        """
        adapt = _adapter()
        adapted = [[adapt(value) for value in row] for row in rows]
        if not adapted:
            return
        with connection.cursor() as cursor:
            cursor.execute(self._sql(len(adapted)), [value for row in adapted for value in row])

    def _sql(self, count: int) -> str:
        meta = self._model._meta
        columns = {field.name: field.column or field.name for field in meta.concrete_fields}
        table, *names = map(connection.ops.quote_name, (meta.db_table, *(columns[name] for name in self._names)))
        place = f"({', '.join(['%s'] * len(names))})"
        values = ", ".join([place] * count)
        return f"INSERT INTO {table} ({', '.join(names)}) VALUES {values}"  # noqa: S608 - names of our own tables


def _adapter() -> Callable[[Value], Any]:
    """What turns a value into what the database's driver wants, as a model field would."""
    native_uuid = connection.features.has_native_uuid_field
    adapt_instant, adapt_day = connection.ops.adapt_datetimefield_value, connection.ops.adapt_datefield_value

    def adapt(value: Any) -> Any:
        kind = type(value)
        if kind is str or kind is int or kind is bool or value is None:
            return value
        if kind is UUID:
            return value if native_uuid else value.hex
        if kind is dt.datetime:
            return adapt_instant(value)
        if kind is dt.date:
            return adapt_day(value)
        raise TypeError(kind)

    return adapt
