"""``{{ exercise.name|said }}``: a text of the clinical content in the language of the reader."""

from collections.abc import Iterable

from django import template

from rehab.library import translating

register = template.Library()


@register.filter
def said(text: str) -> str:
    return translating.said(text)


@register.filter
def said_each(texts: Iterable[str]) -> list[str]:
    return [translating.said(text) for text in texts]
