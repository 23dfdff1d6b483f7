"""How hard Hypothesis tries: no test may fail because a machine is slow."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "weir", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60
)
settings.load_profile("weir")
