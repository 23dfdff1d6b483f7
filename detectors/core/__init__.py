"""What every detector stands on: records, profiles, levels, calibration, the engine."""
