"""Public code that gradlint was read against: what it finds there, each finding judged, and what changed since."""
