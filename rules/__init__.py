"""The catalogue: one module a rule, in a folder a family. Installed as ``gradlint.rules``."""
