"""The catalogue as a whole: codes, names, kinds, documentation and the style of the messages."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from gradlint import registry
from gradlint.flow.causes import Rebound, ToNumpy, Unconnected, Unwatched
from gradlint.flow.facts import Asked, Kind, Span
from gradlint.lines import named
from gradlint.message import LONGEST, Message, fitted

from .claims import HERE, MADE, claims, lost, one

if TYPE_CHECKING:
    from gradlint.flow.facts import Cause, Claim, LostGradient
    from gradlint.rule import Rule

RULES = registry.load()
SECTIONS = ["What it does", "Why the gradient is lost", "How to get it back", "References"]
FAMILIES = {
    "source": "1",
    "leaving": "2",
    "differentiable": "3",
    "tape": "4",
    "using": "5",
    "numbers": "6",
    "knowing": "7",
    "suppressing": "9",
}

KINDS = [kind for kind in Kind if kind is not Kind.OTHER]
"""The kinds that the analysis claims; the other one is for the rules of others."""
each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)


def test_codes_and_names_are_unique() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_every_kind_is_owned_by_exactly_one_rule() -> None:
    owned = Counter(kind for rule in RULES for kind in rule.kinds)
    assert owned == Counter(KINDS)


@each_rule
def test_code_name_module_and_family_agree(rule: Rule) -> None:
    family, module = type(rule).__module__.split(".")[-2:]
    assert re.fullmatch(r"GT\d{3}", rule.code)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    assert module == rule.name.replace("-", "_")
    assert FAMILIES[family] == rule.code[2]


@each_rule
def test_a_rule_that_informs_is_off_and_every_other_is_on(rule: Rule) -> None:
    assert rule.default == (rule.severity != "info")


@each_rule
def test_the_documentation_has_its_sections(rule: Rule) -> None:
    lines = rule.documentation.splitlines()
    assert [line[3:] for line in lines if line.startswith("## ")] == SECTIONS
    assert rule.summary.endswith(".")
    assert lines[1] == ""
    assert all(len(body.split()) >= 6 for body in re.split(r"^## .*$", rule.documentation, flags=re.MULTILINE)[1:-1])
    references = rule.documentation.partition("## References\n")[2].splitlines()
    assert references
    assert all(re.search(r"^- .+: https://www\.tensorflow\.org/\S+$", line) for line in references)


@each_rule
def test_the_examples_are_whole_programs(rule: Rule) -> None:
    assert len(rule.examples) >= 2
    assert len(rule.clean) >= 2
    assert len({example.title for example in rule.examples}) == len(rule.examples)
    programs = [program for example in rule.examples for program in (example.broken, example.fixed)]
    for program in [*programs, *rule.clean]:
        ast.parse(program)
        assert "GradientTape" in program
        assert program.endswith("\n")
        assert max(map(len, program.splitlines())) <= 120
    assert all(5 <= len(program.splitlines()) <= 25 for program in programs)
    assert all(example.broken != example.fixed for example in rule.examples)


@each_rule
def test_an_example_that_raises_names_its_exception(rule: Rule) -> None:
    assert all(example.exception for example in rule.examples if example.outcome == "error")


def said(rule: Rule, claim: Claim[Any]) -> str:
    """The whole sentence that a rule says of a claim."""
    return Message.of(rule.message(claim)).mapped(named).sentence


@pytest.mark.parametrize("kind", KINDS)
def test_the_messages_have_parts_that_stand_by_themselves(kind: Kind) -> None:
    rule = next(rule for rule in RULES if kind in rule.kinds)
    for claim in claims(kind):
        message = rule.message(claim)
        assert isinstance(message, Message)
        message = message.mapped(named)
        assert len(fitted(message.headline)) <= LONGEST
        assert message.help
        for part in (message.headline, message.happens, message.help):
            assert not re.search(r"[.;,]$|^[,;]|; ", part), part
            assert part.count("`") % 2 == 0, part
            assert not part.startswith(("and ", "which ")), part


def test_a_sentence_is_taken_apart() -> None:
    text = "`f` is odd, so it fails; do this, or that."
    assert Message.of(text) == Message("`f` is odd", "it fails", "do this, or that")
    assert Message.of("Nothing to part.") == Message("Nothing to part")
    assert all(Message.of(one).sentence == one for one in (text, "Nothing to part.", "`f` is slow; ask for less."))


def test_a_headline_that_is_too_long_loses_the_ends_of_its_code() -> None:
    assert fitted("`x` is empty") == "`x` is empty"
    long = fitted(f"`{'a' * 40}` is not computed from `{'b' * 40}` and `c`")
    assert (len(long), long.count("`")) == (80, 6)
    assert re.fullmatch(r"`a+…` is not computed from `b+…` and `c`", long)
    assert fitted("word " * 30) == ("word " * 15) + "word…"


@pytest.mark.parametrize("kind", KINDS)
def test_the_messages_keep_the_style(kind: Kind) -> None:
    rule = next(rule for rule in RULES if kind in rule.kinds)
    for claim in claims(kind):
        message = said(rule, claim)
        assert re.match(r"[`A-Z]", message), message
        assert message.endswith("."), message
        assert message.isprintable(), message
        assert len(message) <= 240, message
        assert message.count("`") % 2 == 0, message
        assert not re.search(r"``|  |[^.]\.\.(?!\.)|; \.|None None|`(?:the|this) ", message), message


@pytest.mark.parametrize("kind", KINDS)
def test_the_messages_name_what_the_claim_names(kind: Kind) -> None:
    rule = next(rule for rule in RULES if kind in rule.kinds)
    for claim in claims(kind):
        message = said(rule, claim)
        for gradient in claim.gradients:
            if gradient.outcome != "error" and kind is not Kind.SILENCED:
                assert f"`{gradient.source}`" in message
            assert f"line {gradient.call.line}" in message or kind in {Kind.TAPE_REUSED, Kind.SILENCED}
        if claim.gradients:
            assert claim.branch in message


def test_a_message_reads_as_a_person_would_say_it() -> None:
    assert message(one(ToNumpy("np.mean", "numpy.mean"))) == (
        "`np.mean` returns a NumPy array, so the gradient of `y` with respect to `x` (line 14) is None; "
        "use `tf.reduce_mean`."
    )


def test_the_gradient_calls_line_is_not_repeated_where_the_finding_stands_on_it() -> None:
    asked = Asked(HERE, source="x", definition=MADE)
    here = one(Unwatched(), lost("none", call=HERE), asked=asked)
    assert message(here) == (
        "`x` is a constant Tensor (line 3), and the tape does not watch it, "
        "so the gradient of `y` with respect to it is None; call `tape.watch(x)` first in the block."
    )


@pytest.mark.parametrize(
    ("gradients", "told"),
    [
        ([lost("none", method="jacobian")], "the Jacobian of `y` with respect to `x` (line 14) is None"),
        ([lost("zero", method="batch_jacobian")], "the batch Jacobian of `y` with respect to `x` (line 14) is zero"),
        ([lost("partial")], "the gradient of `y` with respect to `x` (line 14) treats this part as a constant"),
        ([lost("nan")], "the gradient of `y` with respect to `x` (line 14) is NaN"),
        ([lost("nan", certain=False)], "the gradient of `y` with respect to `x` (line 14) can be NaN"),
        ([lost("error", exception="LookupError")], "`tape.gradient` (line 14) raises LookupError"),
        (
            [lost("error", exception="LookupError", method="jacobian", certain=False)],
            "`tape.jacobian` (line 14) can raise LookupError",
        ),
        (
            [lost("none"), lost("none", source="v1")],
            "the gradients of `y` with respect to `x` and `v1` (line 14) are None",
        ),
        (
            [lost("none", source=source) for source in "abcde"],
            "the gradients of `y` with respect to `a`, `b`, `c` and 2 more (line 14) are None",
        ),
        (
            [lost("none"), lost("partial", source="w")],
            "the gradient of `y` with respect to `x` (line 14) is None, and that for `w` lacks this part",
        ),
        (
            [lost("none", source="model.trainable_variables", target="loss")],
            "the gradients of `loss` with respect to `model.trainable_variables` (line 14) are None",
        ),
    ],
)
def test_the_effect_is_told_for_each_outcome(gradients: list[LostGradient], told: str) -> None:
    assert f", so {told}; " in message(one(ToNumpy("np.mean"), *gradients))


def test_what_holds_on_some_way_only_says_so() -> None:
    some = one(ToNumpy("np.mean"), severity="warning")
    assert "(line 14) can be None; " in message(some)
    way = one(ToNumpy("np.mean"), severity="warning", branch="when `flag` is false")
    assert "(line 14) is None when `flag` is false; " in message(way)
    turn = one(Rebound("x", later_turn=True))
    assert "(line 14) is None from the second iteration of the loop on; " in message(turn)


def test_a_name_that_is_rebound_below_the_call_loses_the_next_gradient() -> None:
    below = one(Rebound("x", MADE), lost("none", call=Span(7, 4, 7, 24)))
    assert message(below) == (
        "This binds `x` to a Tensor, and the Variable (line 3) is gone, so the gradient of `y` with respect to it "
        "(line 7) is None the next time; change its value with `assign`."
    )


def test_long_code_is_cut_and_lines_are_joined() -> None:
    source = "[\n    variable\n    for variable in model.trainable_variables\n]"
    told = message(one(Unconnected(), lost("none", source=source)))
    assert "`[ variable for variable in model.traina…`" in told


def message(claim: Claim[Cause]) -> str:
    rule = next(rule for rule in RULES if claim.kind in rule.kinds)
    return said(rule, claim)
