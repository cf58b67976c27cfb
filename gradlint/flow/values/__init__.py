"""The values that a program computes with, and the edges between them."""
