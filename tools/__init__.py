"""Commands for those who work on gradlint; nothing here is installed."""
