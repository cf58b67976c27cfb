"""What gradlint costs, measured on this machine; each module is a command."""
