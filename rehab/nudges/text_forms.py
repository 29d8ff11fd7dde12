"""What people of a clinic type on the page of its own words."""

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Clinic
from rehab.nudges.actions.texts import OwnWords
from rehab.nudges.examples import placeholders_of
from rehab.nudges.models import Nudge, NudgeText
from rehab.nudges.placeholders import BadTextError, UnknownPlaceholderError, placeholders

MEANINGS: Final = {
    "dog": gettext_lazy("the dog’s name"),
    "left": gettext_lazy("how many exercises are left today"),
    "minutes": gettext_lazy("about how many minutes that takes"),
    "clinic": gettext_lazy("the name of your clinic"),
    "name": gettext_lazy("the person’s first name"),
}


class Paragraphs(forms.CharField):
    """Several lines; a browser sends each line's end as two characters, which are counted as one."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        return super().to_python(value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value)


class TextForm(forms.Form):
    """A clinic's own title and text for one kind of message."""

    title = forms.CharField(
        label=gettext_lazy("Title"),
        help_text=gettext_lazy("The subject of the e-mail and the bold line on a phone. Empty: the usual title."),
        max_length=NudgeText._meta.get_field("title").max_length,
        required=False,
    )
    text = Paragraphs(
        label=gettext_lazy("Text"),
        help_text=gettext_lazy("Each line is a paragraph; a phone shows the first one."),
        max_length=NudgeText._meta.get_field("text").max_length,
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def __init__(self, *args: Any, clinic: Clinic, kind: Nudge.Kind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = placeholders_of(kind, clinic=clinic)

    @property
    def meanings(self) -> list[tuple[str, str]]:
        """The placeholders of this kind as they are typed, each with what is put in its place."""
        return [(f"{{{name}}}", str(MEANINGS[name])) for name in self.known]

    @property
    def words(self) -> OwnWords:
        return OwnWords(title=self.cleaned_data["title"], text=self.cleaned_data["text"])

    def clean_title(self) -> str:
        title = " ".join(str(self.cleaned_data["title"]).split())
        return self._checked(title)

    def clean_text(self) -> str:
        return self._checked(str(self.cleaned_data["text"]))

    def _checked(self, text: str) -> str:
        if not text.replace("\n", "").replace("\u200d", "").isprintable():
            raise ValidationError(_("There is a hidden character in it. Type the text anew instead of pasting it."))
        try:
            names = placeholders(text)
        except UnknownPlaceholderError as unknown:
            raise ValidationError(self._unknown(unknown.name)) from None
        except BadTextError:
            raise ValidationError(
                _("A brace stands alone. Braces are only for words such as %(known)s.") % {"known": self._listed()}
            ) from None
        for name in names:
            if name not in self.known:
                raise ValidationError(self._unknown(name))
        return text

    def _unknown(self, name: str) -> str:
        return _("“{%(name)s}” cannot be filled in here. What can: %(known)s.") % {
            "name": name[:40],
            "known": self._listed(),
        }

    def _listed(self) -> str:
        return get_text_list([f"{{{name}}}" for name in self.known], _("and"))
