from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStatic(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Static files under hashed names, also inside the imports of ES modules."""

    support_js_module_import_aggregation = True
