"""Linear patterns match what pathspec's own do."""

from __future__ import annotations

import random
import re

import pytest
from pathspec import GitIgnoreSpec

from gradlint.sources.globs import spec

PARTS = ["*", "a", "b", "/", "**/", "/**/", "?", "[ab]", "\\*", ".", "**", "a"]
NAMES = ["a", "b", "/", ".", "*", "aa", "/a", "/b", "ab"]


def test_random_patterns_on_random_paths() -> None:
    compared = 0
    for seed in range(4_000):
        numbers = random.Random(seed)
        line = "".join(numbers.choice(PARTS) for _ in range(numbers.randrange(1, 10)))
        line = "!" * (numbers.random() < 0.2) + line
        try:
            theirs = GitIgnoreSpec.from_lines([line])
        except ValueError:
            with pytest.raises(ValueError, match=r"."):
                spec([line])
            continue
        own = spec([line])
        for _ in range(8):
            path = "".join(numbers.choice(NAMES) for _ in range(numbers.randrange(1, 12)))
            path = re.sub("/+", "/", path).lstrip("/")
            if path:
                compared += 1
                assert own.check_file(path).include is theirs.check_file(path).include, (line, path)
    assert compared > 20_000


def test_the_order_of_lines_counts() -> None:
    lines = ["*a*b*", "!xaby", "**/c*c*/**/d"]
    own, theirs = spec(lines), GitIgnoreSpec.from_lines(lines)
    for path in ("xab", "xaby", "q/xaby", "cc/x/d", "q/ccc/d/e", "c/d"):
        assert own.check_file(path).include is theirs.check_file(path).include, path
