"""The one loop over implementations: decide, build, stage, report."""
