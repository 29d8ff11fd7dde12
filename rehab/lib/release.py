"""Which release this is, told by what a browser would be shown."""

import hashlib
from functools import cache
from typing import Final

from django.conf import settings

# The worker stores pages, style and scripts; what makes these is what makes a release.
SHOWN: Final = ("templates/**/*", "static/**/*", "rehab/locale/**/*.mo")
LENGTH: Final = 12


@cache
def release() -> str:
    """Return a short name for the templates, static files and translations of this installation.

    The same files give the same name, so every replica of one release says the same. Read once per process.
    """
    digest = hashlib.sha256()
    for pattern in SHOWN:
        for path in sorted(settings.BASE_DIR.glob(pattern)):
            if path.is_file():
                digest.update(f"{path.relative_to(settings.BASE_DIR).as_posix()}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:LENGTH]
