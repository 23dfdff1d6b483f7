"""How severe an alert is."""

from typing import get_args

import numpy as np

from detectors.core.records import Severity

SEVERITIES = get_args(Severity)


def severity_of(p_value: float, *, limit: float, accounts: int) -> Severity:
    """Return the severity: how far below the limit, and how many accounts take part.

    One account alone is never more than medium: a wrongly banned heavy user is the costliest
    error there is.

    >>> severity_of(1e-12, limit=1e-6, accounts=1), severity_of(1e-12, limit=1e-6, accounts=80)
    ('medium', 'critical')
    """
    decades = np.log10(max(limit, 1e-300) / max(p_value, 1e-300))
    if accounts >= 50 and decades >= 6:
        return "critical"
    if accounts >= 5 and decades >= 4:
        return "high"
    return "medium" if decades >= 3 or accounts >= 20 else "low"
