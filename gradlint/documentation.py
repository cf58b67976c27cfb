"""A rule in Markdown: one page per rule, made from the rule's docstring and examples.

``gradlint explain``, the pages in ``docs/rules``, SARIF's help and the table of rules in the README come from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradlint.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gradlint.rule import Example

FAMILIES = {
    "GT1": "the source",
    "GT2": "the path leaves the tape",
    "GT3": "the path is not differentiable",
    "GT4": "the tape",
    "GT5": "using the gradient",
    "GT6": "numerical problems",
    "GT7": "worth knowing",
    "GT9": "gradlint itself",
}
"""What the families of codes are about, by the prefix that selects them."""

_OUTCOMES = {
    None: "no gradient is lost",
    "none": "the gradient is None",
    "error": "the gradient call raises",
    "partial": "part of the gradient is missing",
    "zero": "the gradient is zero everywhere",
    "nan": "the gradient is NaN or infinite",
}


def page(rule: Rule, picture: str = "") -> str:
    """A rule's page: what it claims, why, broken and fixed programs, the cure, references.

    Args:
        rule: The rule.
        picture: What is drawn of the first broken program, in Markdown.
    """
    body, found, references = rule.documentation.partition("\n## References")
    facts = [
        f"# {rule.name} ({rule.code})",
        _facts(rule),
        body.strip(),
        *(_example(example, "" if index else picture) for index, example in enumerate(rule.examples)),
    ]
    if found:
        facts.append(f"## References{references}".strip())
    return "\n\n".join(part for part in facts if part) + "\n"


def table(rules: Iterable[Rule], link: str) -> str:
    """A table of rules by family.

    Args:
        rules: The rules, in order.
        link: Where a rule's page is, with ``{code}``.
    """
    rows = ["| code | name | what it finds | on | fix |", "| --- | --- | --- | :-: | :-: |"]
    family = ""
    for rule in rules:
        prefix = rule.code[:3]
        if prefix != family:
            family = prefix
            rows.append(f"| **{prefix}** | | **{FAMILIES.get(prefix, 'other rules')}** | | |")
        on, fix = ("●" if is_on(rule) else "", "●" if has_fix(rule) else "")
        rows.append(
            f"| [{rule.code}]({link.format(code=rule.code)}) | {rule.name} | {_cell(rule.summary)} | {on} | {fix} |"
        )
    return "\n".join(rows) + "\n"


def is_on(rule: Rule) -> bool:
    """Whether a rule is on if nothing is selected."""
    return rule.default and rule.severity != "info"


def has_fix(rule: Rule) -> bool:
    """Whether a rule has a fix for some of its findings."""
    return type(rule).fix is not Rule.fix


def _facts(rule: Rule) -> str:
    severity = rule.severity or "error; warning if it only holds on some path"
    on = "on by default" if is_on(rule) else f"off unless selected: `--extend-select {rule.code}`"
    fix = "some findings have a fix" if has_fix(rule) else "no fix"
    return f"Severity: {severity} · {on} · {fix}"


def _example(example: Example, picture: str) -> str:
    outcome = _OUTCOMES[example.outcome]
    if example.exception:
        outcome += f" {example.exception}" if example.outcome else f", and the program raises {example.exception}"
    parts = (
        f"## Example: {example.title}",
        f"Broken: {outcome}.",
        _fenced(example.broken),
        picture,
        "Fixed:",
        _fenced(example.fixed),
    )
    return "\n\n".join(part for part in parts if part)


def _fenced(program: str) -> str:
    return f"```python\n{program.strip()}\n```"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").rstrip(".")
