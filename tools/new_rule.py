"""Writes a new rule and its page of examples: ``python -m tools.new_rule GT208 metric-as-loss rules/leaving``."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from gradlint import registry
from gradlint.flow import causes
from gradlint.flow.facts import Cause, Kind

_TEMPLATE = '''\
"""{code} {name}."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.flow.facts import Kind
from gradlint.rule import Message, Replace, Rule, cst, unsafe

from .._wording import effect, source

if TYPE_CHECKING:
    from gradlint.flow.causes import {cause}
    from gradlint.flow.facts import Claim
    from gradlint.rule import Proposal, Site


class {class_name}(Rule):
    """One sentence: what the rule claims.

    ## What it does
    Reports ...

    ## Why the gradient is lost
    What TensorFlow does, and how that was observed.

    ## How to get it back
    The cure, and where it does not apply.

    ## References
    - The page of TensorFlow's documentation that says so.
    """

    code = "{code}"
    name = "{name}"
    kinds = (Kind.{kind},)

    def message(self, claim: Claim[{cause}]) -> Message:
        """Names the variable, the line and the cure."""
        return Message(f"{{source(claim)}} is ...", effect(claim, named=True), "do this instead")

    def fix(self, claim: Claim[{cause}], site: Site) -> Proposal | None:
        """What changes, and why that is safe or not; leave the method out where there is no fix."""
        match site.node:
            case cst.Call(args=[cst.Arg(value=value)]):
                return unsafe("Do this instead", Replace(site.node, value))
        return None
'''
_PAGE = """\
# Examples of {name} ({code})

## What the program is

Broken, none:

```python
import tensorflow as tf
```

Fixed:

```python
import tensorflow as tf
```

## Clean

```python
import tensorflow as tf
```
"""


def main() -> int:
    """Write the module, unless the code or the name is taken."""
    parser = argparse.ArgumentParser(prog="python -m tools.new_rule", description=__doc__)
    parser.add_argument("code", help="GT and three digits")
    parser.add_argument("name", help="the bad pattern, in kebab-case")
    parser.add_argument("folder", type=Path, help="the family's folder, as rules/leaving")
    parser.add_argument("--kind", default="UNCONNECTED", choices=[kind.name for kind in Kind], help="the claim it owns")
    given = parser.parse_args()
    problem = _problem(given.code, given.name, given.folder)
    path = given.folder / f"{given.name.replace('-', '_')}.py"
    if problem is None and path.exists():
        problem = f"{path} exists"
    if problem is not None:
        print(problem, file=sys.stderr)
        return 2
    class_name = "".join(part.capitalize() for part in given.name.split("-"))
    text = _TEMPLATE.format(
        code=given.code, name=given.name, class_name=class_name, kind=given.kind, cause=_cause(Kind[given.kind])
    )
    path.write_text(text, encoding="utf-8")
    path.with_suffix(".md").write_text(_PAGE.format(code=given.code, name=given.name), encoding="utf-8")
    print(path)
    print(path.with_suffix(".md"))
    return 0


def _cause(kind: Kind) -> str:
    """The name of the class that says what a claim of a kind knows."""
    classes = [one for one in vars(causes).values() if isinstance(one, type) and issubclass(one, Cause)]
    return next(one.__name__ for one in classes if getattr(one, "kind", None) is kind)


def _problem(code: str, name: str, folder: Path) -> str | None:
    """Why a rule cannot be made so, or None."""
    if not re.fullmatch(r"GT\d{3}", code):
        return f"{code}: a code is GT and three digits"
    if not re.fullmatch(r"[a-z]+(-[a-z]+)*", name):
        return f"{name}: a name is kebab-case"
    if not (folder / "__init__.py").exists():
        return f"{folder}: no such family"
    for rule in registry.load():
        if code == rule.code or name == rule.name:
            return f"{rule.code} {rule.name} exists"
    return None


if __name__ == "__main__":
    sys.exit(main())
