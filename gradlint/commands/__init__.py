"""The commands behind ``gradlint``: each module declares one command, or serves those that do."""
