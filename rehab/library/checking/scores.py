"""Which numbers of outcome forms may be entered: nothing that a licence keeps from us, and no threshold without a source."""

from collections.abc import Iterator, Mapping
from typing import Any

from rehab.library.instruments import NONE_PUBLISHED, TOTAL, is_shipped
from rehab.library.reading import INSTRUMENTS, SCORE_ENTRY

Found = Iterator[tuple[str, str, str]]  # item, field, what is wrong


def score_entry(files: Mapping[str, Mapping[str, Any]]) -> Found:
    """What is wrong with ``13_score_entry.yaml``, beside the instruments of 08."""
    known = {row["id"]: row for row in files[INSTRUMENTS]["instruments"]}
    data = files[SCORE_ENTRY]
    forms = [(row["id"], row.get("form", "")) for row in data["forms"]]
    for one in {one for one in forms if forms.count(one) > 1}:
        yield one[0], "form", "is used twice"
    allowed = {code for code, row in known.items() if is_shipped(row.get("ship", ""))}
    placed = {code for code, _ in forms} | set(data["elsewhere"])
    for code in sorted(placed - allowed):
        yield code, "id", "its licence lets no number be entered"
    for code in sorted(allowed - placed):
        yield code, "id", "must be a form here, or be elsewhere"
    for row in data["forms"]:
        yield from _form(row, str(known.get(row["id"], {}).get("mic", "")))


def _form(row: Mapping[str, Any], mic: str) -> Found:
    numbers = {part["code"]: part for part in row.get("parts", ())}
    if TOTAL in row:
        numbers[TOTAL] = row[TOTAL]
    if not numbers:
        yield row["id"], "total", "is missing, and so are its parts"
    for code, number in numbers.items():
        low, high = number.get("low"), number.get("high")
        if (low is None) != (high is None) or (low is not None and low >= high):
            yield row["id"], code, "its range must rise"
    change = row.get("change", {})
    for code in change.keys() - numbers.keys():
        yield row["id"], "change", f"{code!r} is no number of the form"
    if change and not row.get("src"):
        yield row["id"], "src", "is missing"
    if change and (not mic or mic.lower().startswith(NONE_PUBLISHED)):
        yield row["id"], "change", "08 names no published change"
