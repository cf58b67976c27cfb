"""Acme's rules: one module per rule; gradlint searches every module in the package."""
