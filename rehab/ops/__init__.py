"""How an installation tells that it works: `/health/`, `/metrics/`. Looks at every app; no app looks at it."""
