"""The dog of these tests has a program and nothing was said about it: each test says what its kind looks at."""

import pytest

from accounts.models import User
from rehab.patients.models import Patient, ProblemDefinition
from rehab.programs.models import Program
from tests import make


@pytest.fixture
def program(patient: Patient, vet: User, definition: ProblemDefinition) -> Program:
    return make.make_program(patient, vet, definition)
