from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import jsonschema
import pytest

from gradlint.finding import Position
from gradlint.reporting import FORMATS
from gradlint.reporting.style import Style
from tests.reporting.samples import (
    BROKEN,
    CONFIRMED,
    INCONCLUSIVE,
    NUMPY,
    REFUTED,
    UNREADABLE,
    UNWATCHED,
    report,
)

if TYPE_CHECKING:
    from gradlint.reporting.report import Report

EVERYTHING = report(
    NUMPY.with_confirmation(CONFIRMED),
    NUMPY.with_confirmation(REFUTED),
    UNWATCHED.with_confirmation(INCONCLUSIVE),
    errors=(BROKEN, UNREADABLE),
)
STRANGE = replace(
    NUMPY,
    path="häßlich & <b>,%:.py",
    message="with \x00 control, <tags> & 'quotes', 100%\nand a second line, 日本 👩‍👩‍👧 \ud800",
)
MACHINE_FORMATS = ["json", "jsonl", "sarif", "gitlab", "rdjson", "lsp"]
GITLAB = {
    # https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "location", "severity"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "positions"],
                "additionalProperties": False,
                "properties": {
                    "path": {"type": "string", "pattern": "^[^./]"},
                    "positions": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {
                            "begin": {"type": "object", "required": ["line"]},
                            "end": {"type": "object", "required": ["line"]},
                        },
                    },
                },
            },
        },
    },
}


def shown(name: str, report: Report) -> str:
    return FORMATS[name].render(report, Style())


def parsed(name: str, report: Report) -> Any:
    return json.loads(shown(name, report))


@pytest.fixture(scope="module")
def sarif_schema() -> Any:
    return json.loads((Path(__file__).parent / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))


def test_json_is_one_array_of_findings() -> None:
    made = parsed("json", EVERYTHING)
    assert made == json.loads(json.dumps([finding.to_json() for finding in EVERYTHING.findings]))
    assert [finding["confirmation"]["status"] for finding in made] == ["confirmed", "refuted", "inconclusive"]


def test_json_of_a_finding_in_full() -> None:
    assert parsed("json", report(NUMPY.with_confirmation(CONFIRMED))) == [
        {
            "code": "GT201",
            "name": "numpy-call",
            "severity": "error",
            "message": "`np.mean` returns a NumPy array, so the gradient of `y` with respect to `x` (line 11) is None; "
            "use `tf.reduce_mean`.",
            "path": "src/train.py",
            "cell": None,
            "location": {"line": 9, "column": 9},
            "end_location": {"line": 9, "column": 25},
            "gradients": [
                {
                    "cell": None,
                    "line": 11,
                    "column": 8,
                    "method": "gradient",
                    "target": "y",
                    "source": "x",
                    "outcome": "none",
                }
            ],
            "flow": [
                {"cell": None, "line": 7, "column": 15, "text": "x**2", "note": "connected to `x`"},
                {
                    "cell": None,
                    "line": 9,
                    "column": 9,
                    "text": "np.mean(squares)",
                    "note": "`np.mean` gives a NumPy array: the gradient is lost here",
                },
            ],
            "fix": {
                "applicability": "safe",
                "message": "replace `np.mean` with `tf.reduce_mean`",
                "edits": [
                    {
                        "cell": None,
                        "location": {"line": 9, "column": 9},
                        "end_location": {"line": 9, "column": 16},
                        "content": "tf.reduce_mean",
                    }
                ],
            },
            "confirmation": {
                "status": "confirmed",
                "detail": "`x` got None",
                "tensorflow": "2.21.0",
                "seconds": 0.04,
            },
            "url": "https://example.org/GT201.md",
            "headline": "",
            "happens": "",
            "help": "",
        }
    ]


def test_the_parts_of_a_message_are_lines_in_an_editor_and_fields_in_json() -> None:
    parts = {
        "headline": "`np.mean` returns a NumPy array",
        "happens": "the gradient of `y` with respect to `x` (line 11) is None",
        "help": "use `tf.reduce_mean`",
    }
    (made,) = parsed("json", report(replace(NUMPY, **parts)))
    assert made.items() >= parts.items()
    documents = [json.loads(line) for line in shown("lsp", report(replace(NUMPY, **parts))).splitlines()]
    (document,) = (one for one in documents if one["diagnostics"])
    told = f"{parts['headline']}\n{parts['happens']}\nhelp: {parts['help']}"
    assert document["diagnostics"][0]["message"] == told


def test_jsonl_is_one_finding_a_line() -> None:
    lines = shown("jsonl", EVERYTHING).splitlines()
    assert [json.loads(line) for line in lines] == parsed("json", EVERYTHING)


def test_nothing_found() -> None:
    clean = report(paths=("a.py",))
    assert shown("json", clean) == "[]\n"
    assert shown("jsonl", clean) == ""
    assert shown("gitlab", clean) == "[]\n"
    assert shown("github", clean) == ""
    assert shown("lsp", clean) == '{"uri": "file:///home/me/project/a.py", "diagnostics": []}\n'
    assert parsed("sarif", clean)["runs"][0]["results"] == []


@pytest.mark.parametrize("made", [EVERYTHING, report(), report(STRANGE), report(STRANGE, rules=dict)])
def test_sarif_is_valid(made: Report, sarif_schema: Any) -> None:
    jsonschema.Draft7Validator(sarif_schema).validate(parsed("sarif", made))


def test_sarif_tells_the_gradients_way_the_fix_and_the_verdict() -> None:
    (run,) = parsed("sarif", EVERYTHING)["runs"]
    confirmed, refuted, inconclusive = run["results"]
    steps = [
        (place["location"]["physicalLocation"]["region"]["startLine"], place["location"]["message"]["text"])
        for place in confirmed["codeFlows"][0]["threadFlows"][0]["locations"]
    ]
    assert steps == [
        (7, "connected to `x`"),
        (9, "`np.mean` gives a NumPy array: the gradient is lost here"),
        (11, "`x` gets None"),
    ]
    assert confirmed["fixes"][0]["artifactChanges"][0]["replacements"] == [
        {
            "deletedRegion": {"startLine": 9, "startColumn": 9, "endLine": 9, "endColumn": 16},
            "insertedContent": {"text": "tf.reduce_mean"},
        }
    ]
    assert confirmed["properties"]["confirmation"]["status"] == "confirmed"
    assert (confirmed["kind"], confirmed["level"]) == ("fail", "error")
    assert (refuted["kind"], refuted["level"]) == ("pass", "none")
    assert inconclusive["locations"][0]["logicalLocations"][0]["name"] == "cell 4"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["GT102", "GT201"]
    assert [result["ruleIndex"] for result in run["results"]] == [1, 1, 0]
    assert run["tool"]["driver"]["rules"][1]["help"]["markdown"] == "A NumPy function computed it.\n\nMore."
    assert run["invocations"][0]["executionSuccessful"] is False
    assert len(run["invocations"][0]["toolExecutionNotifications"]) == 2


def test_fingerprints_differ_and_stay_when_lines_move() -> None:
    def prints(made: Report) -> list[str]:
        return [result["partialFingerprints"]["gradlint/v1"] for result in parsed("sarif", made)["runs"][0]["results"]]

    before = prints(report(NUMPY, NUMPY, UNWATCHED))
    assert len(set(before)) == 3
    texts = {("src/train.py", None): report().lines("src/train.py", None)}
    moved = replace(
        NUMPY,
        location=Position(NUMPY.location.line + 1, NUMPY.location.column),
        end_location=Position(NUMPY.end_location.line + 1, NUMPY.end_location.column),
    )
    after = prints(report(moved, lines=lambda path, cell: ["", *texts.get((path, cell), [])]))
    assert after == before[:1]


def test_gitlab_is_valid_and_leaves_refuted_findings_out() -> None:
    issues = parsed("gitlab", EVERYTHING)
    jsonschema.validate(issues, GITLAB)
    assert [(issue["check_name"], issue["severity"]) for issue in issues] == [
        ("not checked", "blocker"),
        ("not checked", "blocker"),
        ("GT201 numpy-call", "critical"),
        ("GT102 unwatched-tensor", "major"),
    ]
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


def test_lsp_has_an_object_for_each_file_and_for_each_cell_with_diagnostics() -> None:
    documents = [json.loads(line) for line in shown("lsp", EVERYTHING).splitlines()]
    assert [(document["uri"], len(document["diagnostics"])) for document in documents] == [
        ("file:///home/me/project/src/broken.py", 1),
        ("file:///home/me/project/src/secret.py", 1),
        ("file:///home/me/project/src/train.py", 2),
        ("file:///home/me/project/study.ipynb", 0),
        ("file:///home/me/project/study.ipynb#cell=3", 1),
    ]
    (first, refuted), (cell,) = documents[2]["diagnostics"], documents[4]["diagnostics"]
    assert first["range"] == {"start": {"line": 8, "character": 8}, "end": {"line": 8, "character": 24}}
    assert (first["severity"], refuted["severity"], cell["severity"]) == (1, 4, 2)
    assert first["codeDescription"] == {"href": "https://example.org/GT201.md"}
    assert [
        (other["location"]["range"]["start"]["line"], other["message"]) for other in first["relatedInformation"]
    ] == [
        (6, "connected to `x`"),
        (8, "`np.mean` gives a NumPy array: the gradient is lost here"),
        (10, "`x` gets None"),
    ]
    assert [other["location"]["uri"] for other in cell["relatedInformation"]] == [
        "file:///home/me/project/study.ipynb#cell=1",
        "file:///home/me/project/study.ipynb#cell=4",
    ]


def test_lsp_counts_utf_16_code_units() -> None:
    text = "s = '👩é'; np.mean(x)"
    column = text.index("np") + 1
    finding = replace(
        NUMPY, location=Position(1, column), end_location=Position(1, column + 10), flow=(), gradients=(), fix=None
    )
    (document,) = (
        json.loads(line)
        for line in shown("lsp", report(finding, paths=(), lines=lambda path, cell: [text])).splitlines()
    )
    assert document["diagnostics"][0]["range"] == {
        "start": {"line": 0, "character": column},
        "end": {"line": 0, "character": column + 10},
    }


@pytest.mark.parametrize("name", FORMATS)
def test_any_text_can_be_written_as_utf_8(name: str) -> None:
    assert shown(name, report(STRANGE)).encode(errors="surrogatepass").endswith(b"\n")


def test_junit_is_xml_whatever_the_message_holds() -> None:
    root = ElementTree.fromstring(shown("junit", report(STRANGE, paths=(STRANGE.path,))))
    (failure,) = root.iter("failure")
    assert failure.get("message") == STRANGE.message.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")
    assert root.attrib == {"name": "gradlint", "tests": "1", "failures": "1", "errors": "0", "time": "0.000"}


def test_github_escapes_what_its_commands_would_read() -> None:
    line = shown("github", report(STRANGE)).rstrip("\n")
    assert "\n" not in line
    assert "file=häßlich & <b>%2C%25%3A.py" in line
    assert "100%25%0Aand a second line" in line


def test_every_format_is_listed_with_what_it_is_for() -> None:
    modules = {path.stem for path in Path(__file__).parents[2].joinpath("gradlint/reporting").iterdir()}
    assert FORMATS.keys() <= modules
    assert all(each.summary and each.name == name for name, each in FORMATS.items())


_PLACE = {
    "type": "object",
    "required": ["line", "column"],
    "additionalProperties": False,
    "properties": {"line": {"type": "integer", "minimum": 1}, "column": {"type": "integer", "minimum": 1}},
}
_RANGE = {
    "type": "object",
    "required": ["start"],
    "additionalProperties": False,
    "properties": {"start": _PLACE, "end": _PLACE},
}
_LOCATION = {
    "type": "object",
    "required": ["path"],
    "additionalProperties": False,
    "properties": {"path": {"type": "string"}, "range": _RANGE},
}
RDJSON = {
    # https://github.com/reviewdog/reviewdog/blob/master/proto/rdf/jsonschema/DiagnosticResult.json
    "type": "object",
    "required": ["diagnostics"],
    "additionalProperties": False,
    "properties": {
        "source": {"type": "object", "required": ["name"]},
        "severity": {"enum": ["ERROR", "WARNING", "INFO"]},
        "diagnostics": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["message", "location", "severity"],
                "additionalProperties": False,
                "properties": {
                    "message": {"type": "string", "minLength": 1},
                    "severity": {"enum": ["ERROR", "WARNING", "INFO"]},
                    "location": _LOCATION,
                    "code": {"type": "object", "required": ["value"], "additionalProperties": {"type": "string"}},
                    "suggestions": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["range", "text"],
                            "additionalProperties": False,
                            "properties": {"range": _RANGE, "text": {"type": "string"}},
                        },
                    },
                    "relatedLocations": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["message", "location"],
                            "additionalProperties": False,
                            "properties": {"message": {"type": "string"}, "location": _LOCATION},
                        },
                    },
                },
            },
        },
    },
}


def test_rdjson_is_what_reviewdog_reads() -> None:
    jsonschema.validate(parsed("rdjson", EVERYTHING), RDJSON)
    jsonschema.validate(parsed("rdjson", report(STRANGE)), RDJSON)
    (one,) = parsed("rdjson", report(NUMPY.with_confirmation(CONFIRMED)))["diagnostics"]
    assert one["location"]["range"] == {"start": {"line": 9, "column": 9}, "end": {"line": 9, "column": 25}}
    assert one["suggestions"] == [
        {"range": {"start": {"line": 9, "column": 9}, "end": {"line": 9, "column": 16}}, "text": "tf.reduce_mean"}
    ]
    assert [each["location"]["range"]["start"]["line"] for each in one["relatedLocations"]] == [7, 9, 11]
    assert "\nconfirmed: " in one["message"]
    in_a_cell = parsed("rdjson", report(UNWATCHED))["diagnostics"][0]
    assert in_a_cell["location"] == {"path": UNWATCHED.path}
    assert in_a_cell["message"].startswith("cell 4:")


def test_rdjson_counts_bytes() -> None:
    text = "    größe = np.mean(x)"
    finding = replace(NUMPY, location=Position(1, 13), end_location=Position(1, 23), flow=(), gradients=(), fix=None)
    (one,) = parsed("rdjson", report(finding, paths=(), lines=lambda path, cell: [text]))["diagnostics"]
    assert one["location"]["range"] == {"start": {"line": 1, "column": 15}, "end": {"line": 1, "column": 25}}


def test_azure_reads_each_line_as_a_command() -> None:
    rows = shown("azure", EVERYTHING).splitlines()
    assert all(row.startswith("##vso[task.logissue type=") and "]" in row for row in rows)
    assert len(rows) == len(EVERYTHING.errors) + len(EVERYTHING.claims)
    (row,) = shown("azure", report(replace(STRANGE, message="a;b]c %\nd ##vso[task.complete]"))).splitlines()
    assert row.startswith(
        "##vso[task.logissue type=error;sourcepath=häßlich & <b>,%AZP25:.py;linenumber=9;columnnumber=9;code=GT201;]"
    )
    assert row.count("##vso[") == 1
    assert row.endswith("]a;b]c %AZP25%0Ad ##\u200bvso[task.complete]")


def test_no_format_lets_azure_read_a_command_in_a_message() -> None:
    sly = replace(NUMPY, message="an ##VSO[task.setvariable variable=x]y", path="a ##vso[task.complete].py")
    for name in FORMATS.keys() - {"html"}:
        text = shown(name, report(sly, paths=(sly.path,))).replace("##vso[task.logissue", "")
        assert "##vso[" not in text.lower()


def test_pylint_has_a_line_a_finding() -> None:
    assert shown("pylint", report(NUMPY)).startswith("src/train.py:9: [GT201] `np.mean` returns a NumPy array")
    assert shown("pylint", report(UNWATCHED)).startswith("study.ipynb:1: [GT102] cell 4:")


def test_markdown_has_a_table_a_file() -> None:
    text = shown("markdown", EVERYTHING)
    assert text.startswith("## gradlint\n\nFound ")
    assert "### `src/train.py`\n\n| place | rule | what |\n| --- | --- | --- |\n| 9:9 | error [GT201](" in text
    (row,) = [line for line in shown("markdown", report(STRANGE)).splitlines() if "GT201" in line]
    assert "<br>" in row
    assert row.count("|") == 4
    piped = shown("markdown", report(replace(NUMPY, message="`a | b` and | c")))
    assert r"`a \| b` and \| c |" in piped
    many = shown("markdown", report(*[NUMPY] * 230))
    assert many.endswith("... and 30 more\n")


def test_sarif_names_the_places_of_the_story_beside_the_result(sarif_schema: Any) -> None:
    log = parsed("sarif", report(NUMPY))
    jsonschema.Draft7Validator(sarif_schema).validate(log)
    (result,) = log["runs"][0]["results"]
    assert [one["id"] for one in result["relatedLocations"]] == [1, 2, 3]
    lines = [one["physicalLocation"]["region"]["startLine"] for one in result["relatedLocations"]]
    assert lines == [7, 9, 11]


def test_junit_names_a_test_without_its_line() -> None:
    below = replace(NUMPY, location=Position(10, 9), end_location=Position(10, 12))
    root = ElementTree.fromstring(shown("junit", report(NUMPY, below, paths=(NUMPY.path,))))
    assert [case.get("name") for case in root.iter("testcase")] == ["GT201 numpy-call", "GT201 numpy-call (2)"]
