"""The ninth family: what the comments that suppress findings say."""
