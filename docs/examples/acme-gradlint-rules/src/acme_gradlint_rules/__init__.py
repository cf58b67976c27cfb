"""Acme's rules: one module a rule; gradlint looks at every module of the package."""
