"""Static files under names that change with their content, scripts that import each other among them."""

from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]


class HashedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Names the modules in ``import`` statements by their content, too: a phone keeps what it was given under a name."""

    support_js_module_import_aggregation = True
