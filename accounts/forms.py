"""What people may say about themselves."""

from functools import lru_cache
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ConfirmLoginCodeForm, RequestLoginCodeForm
from allauth.core import context
from django import forms
from django.core.validators import MaxLengthValidator
from django.http import QueryDict
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.sign_in import may_check_code
from rehab.lib.plain_text import validate_one_line
from rehab.lib.time_zones import names

AREAS = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")

Choices = list[tuple[str, list[tuple[str, str]]]]


@lru_cache(maxsize=1)
def _zones_by_area() -> Choices:
    """Time zones as people look for them: the part of the world, then the city."""
    areas: dict[str, list[tuple[str, str]]] = {area: [] for area in AREAS}
    for name in sorted(names()):
        area, _slash, place = name.partition("/")
        if area in areas:
            areas[area].append((name, place.replace("_", " ").replace("/", ", ")))
    return list(areas.items())


def time_zone_choices(current: str) -> list[Any]:
    """All choices; one that a person has, and that stands in no part of the world, comes first."""
    listed = {name for _area, places in _zones_by_area() for name, _place in places}
    others = dict.fromkeys(name for name in (current, "UTC") if name not in listed)
    return [*((name, name) for name in others), *_zones_by_area()]


class AskForCodeForm(RequestLoginCodeForm):
    """Where the sign-in code should go; no address is longer than 254 characters (RFC 5321)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Between quotation marks an address may hold control characters, and they break the lines of a mail's header.
        self.fields["email"].validators += [MaxLengthValidator(254), validate_one_line]


class CodeForm(ConfirmLoginCodeForm):
    """The code as it was typed; the limit holds for the right one too."""

    def clean_code(self) -> str:
        if not may_check_code(context.request):
            raise get_adapter().validation_error("too_many_login_attempts")
        return str(super().clean_code())


class NameField(forms.CharField):
    """A person's name."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=_("Your name"),
            max_length=120,
            validators=[validate_one_line],
            widget=forms.TextInput(attrs={"autocomplete": "name"}),
            **kwargs,
        )


class SettingsForm(forms.Form):
    """Name, time zone, language and units of the person who is signed in."""

    name = NameField(help_text=_("As it is shown beside what you write and decide."))
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        help_text=_("Reminders come at your local time."),
        error_messages={"invalid_choice": _("Please choose a time zone from the list.")},
    )
    language = forms.ChoiceField(
        label=_("Language"),
        # Each language in its own words: who reads no English finds theirs.
        choices=[(code, get_language_info(code)["name_local"].capitalize()) for code in User.Language.values],
        widget=forms.RadioSelect(attrs={"class": "segmented"}),
        error_messages={"invalid_choice": _("Please choose one of the languages.")},
    )
    units = forms.ChoiceField(
        label=_("Units"),
        choices=User.Units.choices,
        widget=forms.RadioSelect(attrs={"class": "segmented"}),
        error_messages={"invalid_choice": _("Please choose one of the two.")},
    )

    def __init__(self, data: QueryDict | None, *, user: User) -> None:
        super().__init__(data, initial={name: getattr(user, name) for name in self.base_fields})
        zone = self.fields["time_zone"]
        assert isinstance(zone, forms.ChoiceField)  # noqa: S101 (declared above)
        zone.choices = time_zone_choices(user.time_zone)


class JoinForm(forms.Form):
    """Who somebody is that holds an invitation and is not signed in.

    ``invited_email`` is empty when the invitation is for whoever holds the link; else it is where the code goes, and
    nothing typed can change it.
    """

    name = NameField(help_text=_("As your clinic should see it."))
    email = forms.EmailField(
        label=_("Your e-mail address"),
        help_text=_("We send a code there, now and at each sign-in. There is no password."),
        max_length=254,
        validators=[validate_one_line],
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    # Filled in by the browser, so it is never worth an error message.
    time_zone = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None, *, invited_email: str, clinic_time_zone: str) -> None:
        super().__init__(data)
        self.invited_email = invited_email
        self.clinic_time_zone = clinic_time_zone
        if invited_email:
            del self.fields["email"]

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def clean_time_zone(self) -> str:
        zone = str(self.cleaned_data["time_zone"])
        return zone if zone in names() else self.clinic_time_zone

    @property
    def address(self) -> str:
        """Where the code goes."""
        return self.invited_email or str(self.cleaned_data["email"])
