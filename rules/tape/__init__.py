"""The fourth family: how the tape is made, entered and asked."""
