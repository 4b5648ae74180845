"""How long hypothesis looks. `steady` finds the same examples every time; `pytest --hypothesis-profile=search` looks
further and elsewhere. Nothing is written to disk."""

from hypothesis import HealthCheck, Phase, settings

# Fixtures hold the town, which no example changes: each example works inside tests.examples.rolled_back.
_QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]

settings.register_profile(
    "steady",
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=_QUIET,
)
settings.register_profile(
    "search",
    max_examples=400,
    stateful_step_count=50,
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=_QUIET,
)
settings.load_profile("steady")
