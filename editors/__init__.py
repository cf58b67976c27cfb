"""Editors that gradlint works in: their configuration, and tests that drive them."""
