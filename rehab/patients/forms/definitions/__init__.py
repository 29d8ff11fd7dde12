"""The problem definition, as a vet is asked for it."""

from rehab.patients.forms.definitions.form import DefinitionForm

__all__ = ["DefinitionForm"]
