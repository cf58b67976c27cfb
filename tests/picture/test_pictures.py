from __future__ import annotations

import re
import time
from xml.etree import ElementTree

import pytest

from gradlint import registry
from gradlint.picture.dot import dot
from gradlint.picture.mermaid import mermaid
from gradlint.picture.svg import svg
from gradlint.picture.text import lines, plain
from gradlint.picture.words import counted
from tests.picture.programs import CONNECTED, DECAY, PARTIAL, UNKNOWN, drawn

SVG = "{http://www.w3.org/2000/svg}"


def test_a_lost_gradient_in_the_terminal() -> None:
    (one,) = drawn(DECAY)
    assert (
        plain(one)
        == """\
train.py:14  tape.gradient(loss, [amplitude, rate])

   7  ●    amplitude = tf.Variable(1.0)  ← connected
   8  │ ○  rate = tf.Variable(0.1)  ← gets None
  12  │ ○  -rate * time
  12  │ ✗  np.exp(-rate * time)  ✗ lost here: GT201 numpy-call
  12  ●─╯  curve = amplitude * np.exp(-rate * time)
  13  ◆    loss = tf.reduce_mean((curve - observed) ** 2)  ← target
"""
    )


def test_the_cut_is_red_and_a_connected_way_is_not() -> None:
    painted = {text.strip(): role for row in lines(drawn(DECAY)[0]) for text, role in row}
    assert painted["✗"] == painted["← gets None"] == painted["np.exp(-rate * time)"] == "error"
    assert painted["●"] == painted["│"] == painted["← connected"] == "good"
    assert painted["○"] == painted["-rate * time"] == "dim"


def test_a_connected_call_is_drawn_too() -> None:
    (one,) = drawn(CONNECTED)
    assert "✗" not in plain(one)
    assert plain(one).count("← connected") == 2


def test_a_part_that_is_lost_and_what_is_unknown() -> None:
    assert "← lacks a part" in plain(drawn(PARTIAL)[0])
    assert "✗ a part is lost here: GT202 python-conversion" in plain(drawn(PARTIAL)[0])
    told = plain(drawn(UNKNOWN)[0])
    assert "│ ?    model(x)\n" in told
    assert "`model.trainable_variables`: `trainable_variables` may be anything" in told


def test_a_gradient_that_may_be_nan_is_connected_and_marked_where_it_arises() -> None:
    broken = next(rule.examples[0].broken for rule in registry.load() if rule.code == "GT602")
    rows = plain(drawn(broken)[0]).splitlines()
    at = next(number for number, row in enumerate(rows) if "(may make it NaN: GT602 infinite-slope-at-zero)" in row)
    assert "distance = tf.sqrt(" in rows[at - 1]
    assert "may make it NaN" not in plain(drawn(CONNECTED)[0])


def test_an_old_terminal_gets_ascii() -> None:
    rows = lines(drawn(DECAY)[0], ascii_only=True)
    assert "".join(text for row in rows for text, _ in row).isascii()


@pytest.mark.parametrize("width", [40, 80, 120])
def test_nothing_is_wider_than_the_terminal(width: int) -> None:
    program = DECAY.replace("(curve - observed) ** 2", "tf.square(tf.square(curve - observed) + amplitude * 1.5)")
    for one in (*drawn(program), *drawn(PARTIAL)):
        assert max(len("".join(text for text, _ in row)) for row in lines(one, width)[2:]) <= width


def test_the_picture_is_a_file_of_its_own_with_words_for_those_who_do_not_see_it() -> None:
    text = svg(drawn(DECAY))
    root = ElementTree.fromstring(text)
    assert re.findall(r"https?://[^\"]+|url\(|@import|href", text) == ["http://www.w3.org/2000/svg"]
    assert root.findtext(f"{SVG}title") == "train.py:14: tape.gradient(loss, [amplitude, rate])"
    assert root.findtext(f"{SVG}desc") == (
        "The gradient of loss on line 14. amplitude: connected. rate: gets None, lost on line 12 (GT201 numpy-call)."
    )
    assert "prefers-color-scheme:dark" in text
    told = ["".join(one.itertext()) for one in root.iter(f"{SVG}text")]
    assert "np.exp(-rate * time)✗ lost here: GT201 numpy-call" in told


def test_the_edges_in_mermaid_and_graphviz() -> None:
    calls = drawn(DECAY)
    flow = mermaid(calls)
    assert flow.startswith("flowchart TB\n")
    assert "n0_2 -.-x n0_3" in flow
    assert "#42; time" in flow
    graph = dot(calls)
    assert 'n0_2 -> n0_3 [color="#b83200"' in graph
    assert graph.count("->") == flow.count("-->") + flow.count("-.-") == 5


def test_a_long_chain_is_folded() -> None:
    steps = "".join(f"    x{n + 1} = tf.sin(x{n})\n    z{n} = x{n + 1}\n" for n in range(200))
    begin = "import tensorflow as tf\nx0 = tf.Variable(1.0)\nwith tf.GradientTape() as tape:\n"
    (one,) = drawn(f"{begin}{steps}g = tape.gradient(x200, x0)\n")
    assert len(one.nodes) == 201
    assert len(plain(one).splitlines()) < 10
    assert "(… 198 earlier steps)" in plain(one)
    assert len(svg([one])) < 10_000


def test_a_loop_and_a_second_order_gradient_have_no_circles() -> None:
    program = """\
import tensorflow as tf
x = tf.Variable(1.0)
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        y = x
        for _ in range(9):
            y = y * x + tf.sin(y)
    dy = inner.gradient(y, x)
d2y = outer.gradient(dy, x)
"""
    first, second = drawn(program)
    for one in (first, second):
        assert all(edge.below < edge.above for edge in one.edges)
        assert one.sources[0].verdict in ("connected", "maybe")


def test_what_the_pictures_say_of_every_example_is_what_the_analysis_says() -> None:
    programs = [(one.broken, one.fixed) for rule in registry.load() for one in rule.examples]
    calls = [call for pair in programs for program in pair for call in drawn(program)]
    assert len(calls) > 150
    for call in calls:
        marked = {number for node in call.nodes for mark in node.marks for number in mark.sources}
        for number, source in enumerate(call.sources):
            (target, *_) = [node for node in call.nodes if node.target]
            own = [node for node in call.nodes if number in node.sources]
            assert own
            if source.verdict == "connected":
                assert any(node.target and number in node.live.union(node.sources) for node in call.nodes)
            if source.verdict == "lost":
                assert not any(number in node.live for node in (*own, target))
            assert (number in marked) == (source.verdict in ("lost", "partial"))


def test_the_count() -> None:
    assert counted([*drawn(DECAY), *drawn(UNKNOWN)]) == "2 gradient calls, 2 of 4 sources connected, 1 lost, 1 unknown"
    assert counted(drawn(PARTIAL)) == "1 gradient call, 1 of 2 sources connected, 1 partly lost"


HOSTILE = """\
import tensorflow as tf
w = {{"</desc><script>alert(1)</script>\\x1b[31m": tf.Variable(1.0)}}
with tf.GradientTape() as tape:
    y = tf.round(w["</desc><script>alert(1)</script>\\x1b[31m"]) # {}
g = tape.gradient(y, w)
"""


def test_hostile_texts_stay_texts() -> None:
    calls = drawn(HOSTILE.format("\u202e"), '"]<script>alert(1)</script>\n::error::x.py')
    text = svg(calls)
    assert "<script>" not in text
    ElementTree.fromstring(text)
    assert set(re.findall(r"<[^>]*>", mermaid(calls))) == {"<br/>"}
    assert "\n::error" not in plain(calls[0])
    assert "\n::error" not in dot(calls)


def test_many_sources_that_fare_alike_are_one_row() -> None:
    program = """\
import tensorflow as tf
ws = [tf.Variable(float(n)) for n in range(200)]
vs = [tf.Variable(0.5 * n) for n in range(100)]
with tf.GradientTape() as tape:
    loss = tf.add_n([tf.sin(w) * 2.0 for w in ws])
g = tape.gradient(loss, [*ws, *vs])
"""
    (one,) = drawn(program)
    rows = plain(one).splitlines()
    assert len(rows) < 45
    assert len(svg([one])) < 30_000
    assert len(mermaid([one]).splitlines()) < 200


@pytest.mark.parametrize(
    "expression",
    [" + ".join(["tf.sin(x)"] * 800), "tf.sin(" * 80 + "x" + ")" * 80, f"tf.add_n([{', '.join(['x * 2.0'] * 900)}])"],
)
def test_long_and_deep_expressions_cost_no_more_than_they_are_long(expression: str) -> None:
    program = f"import tensorflow as tf\nx = tf.Variable(1.0)\nwith tf.GradientTape() as tape:\n    y = {expression}\n"
    begun = time.process_time()
    (one,) = drawn(f"{program}g = tape.gradient(y, x)\n")
    assert len(plain(one).splitlines()) < 50
    assert time.process_time() - begun < 10


def test_sources_of_which_the_same_becomes_are_one_row_where_there_are_many() -> None:
    names = [f"w{number}" for number in range(60)]
    made = "\n".join(f"{name} = tf.Variable(1.0)" for name in names)
    terms = " + ".join(f"tf.sin({name})" for name in names[:50])
    program = (
        f"import tensorflow as tf\n{made}\nwith tf.GradientTape() as tape:\n    loss = {terms}\n"
        f"g = tape.gradient(loss, [{', '.join(names)}])\n"
    )
    (one,) = drawn(program)
    rows = plain(one).splitlines()[2:]
    assert len(rows) <= 6
    assert any("w0 and 49 more  ← connected" in row for row in rows)
    assert any("w50 and 9 more  ← gets None" in row for row in rows)


UNROLLED = "\n".join(f"        y = tf.sin(y) * 0.9 + {'x' if number % 10 == 0 else '0.1'}" for number in range(100))
LOOPED = "        for number in range(100):\n            y = tf.sin(y) * 0.9 + x"


@pytest.mark.parametrize(("steps", "most"), [(LOOPED, 8), (UNROLLED, 26)], ids=["in a loop", "one by one"])
def test_a_hessian_of_a_hundred_operations_is_folded(steps: str, most: int) -> None:
    code = f"""\
import tensorflow as tf

x = tf.Variable([1.0, 2.0])
with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
        y = x
{steps}
        loss = tf.reduce_sum(y)
    slope = inner.gradient(loss, x)
hessian = outer.jacobian(slope, x)
"""
    first, second = map(plain, drawn(code))
    assert "x = tf.Variable([1.0, 2.0])  ← connected" in first
    assert "loss = tf.reduce_sum(y)  ← target" in first
    assert "slope = inner.gradient(loss, x)  ← target" in second
    for text in (first, second):
        assert len(text.splitlines()) <= most
        assert max(map(len, text.splitlines())) <= 80
