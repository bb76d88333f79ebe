"""YAML text in, a tree with positions out: strict, and safe for a stranger's file."""

import math
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.suite import document
from conformance.suite.document import Node, parse_document, text_positions
from conformance.suite.findings import CaseFileError
from tests.suite.files import findings

# PyYAML itself writes line separators in plain keys in a way that it does not read back.
texts = st.text(st.characters(exclude_categories=("C", "Z"), max_codepoint=0x3000) | st.just(" "), max_size=8)
scalars = st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats(allow_nan=False) | texts
trees = st.recursive(scalars, lambda t: st.lists(t, max_size=4) | st.dictionaries(texts, t, max_size=4), max_leaves=12)


@pytest.fixture(params=["libyaml", "pure Python"], autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both parsers that PyYAML may come with."""
    if request.param == "pure Python":
        monkeypatch.setattr(document, "_LOADER", yaml.SafeLoader)


def nodes(node: Node) -> list[Node]:
    children = node.value.values() if isinstance(node.value, dict) else node.value if node.is_list else ()
    return [node, *(inner for child in children for inner in nodes(child))]


@settings(deadline=None)
@given(trees)
def test_what_yaml_writes_is_read_back(tree: object) -> None:
    assert parse_document(yaml.safe_dump(tree, allow_unicode=True), "f").plain() == tree


def test_every_value_knows_its_place() -> None:
    text = "op: conv\ngrids:\n  - grid: {kernel: [1, 2], size: [[4, 4]]}\n    where: kernel > 1\n"
    root = parse_document(text, "f")
    lines = text.split("\n")
    for node in nodes(root):
        if isinstance(node.value, str | int):
            assert lines[node.line - 1][node.column - 1 :].startswith(str(node.value))
    assert root.at(("grids", 0, "grid", "size", 0, 1)).column == 39
    assert root.at(("grids", 7)).line == 3  # the nearest that exists: the list
    assert (root.keys["grids"].line, root.keys["grids"].column) == (2, 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("y", "y"),
        ("on", "on"),
        ("010", 10),
        ("1:30", "1:30"),
        ("0x1f", 31),
        ("0o17", 15),
        ("1e5", 1e5),
        ("-0.0", -0.0),
        (".inf", math.inf),
        ("-.inf", -math.inf),
        ("inf", "inf"),
        ("null", None),
        ("~", None),
        ("'1'", "1"),
        ("2024-01-01", "2024-01-01"),
        ("=", "="),
    ],
)
def test_plain_words_follow_yaml_1_2(text: str, value: object) -> None:
    found = parse_document(f"a: {text}", "f").plain()["a"]
    assert found == value
    assert type(found) is type(value)
    assert math.copysign(1, found) == math.copysign(1, value) if isinstance(value, float) else True


def test_anchors_stand_for_their_value() -> None:
    assert parse_document("a: &x {k: [1, 2]}\nb: *x\nc: [*x]", "f").plain()["c"] == [{"k": [1, 2]}]


LAUGHS = "\n".join(["a0: &a0 [x, x, x]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12))])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "f:1:1: the file is empty"),
        ("# only a comment\n", "f:1:1: the file is empty"),
        ("op: 1\nop: 2\n", "f:2:1: the key 'op' is given twice, first in line 1"),
        ("op: {b: 1, b: 2}", "f:1:12: the key 'b' is given twice, first in line 1"),
        ("a:\n\t- 1\n", "a tab where YAML takes spaces only"),
        ("a: [1, 2\nb: 3\n", "not valid YAML"),
        (
            "op: !!python/object/apply:os.system [echo]\n",
            "f:1:5: the tag 'tag:yaml.org,2002:python/object/apply:os.system'",
        ),
        ("op: !x 1\n", "f:1:5: the tag '!x' is not allowed"),
        ("a: 1\n---\na: 2\n", "f:2:1: a second YAML document"),
        ("op: &a [1, *a]\n", "f:1:12: the alias *a stands inside what it stands for"),
        ("op: *b\n", "f:1:5: no anchor &b before this alias"),
        ("? [1, 2]\n: 3\n", "f:1:3: a list or a mapping can't be a key"),
        ("a: &a 1\n*a : 2\n", "an alias can't be a key"),
        (LAUGHS, "more than 250,000 values once its aliases are expanded"),
        ("[" * 5_000, "f:1:65: nested more than 64 levels deep"),
        ("{a: " * 5_000, "nested more than 64 levels deep"),
        ("\n".join(" " * i + "-" for i in range(500)), "f:65:65: nested more than 64 levels deep"),
        ("a: " + "1" * 5000, "f:1:4: a number of 5000 characters, expected at most 400"),
        ("a: 0x" + "f" * 40_000, "f:1:4: a number of 40002 characters, expected at most 400"),
        ("%A b\n" * 20 + "---\nop: conv\n", "f:9:1: 20 lines that begin with %, expected at most 8"),
        ("a: \x01b\n", "control character U+0001"),
    ],
)
def test_what_is_refused_names_its_place(text: str, expected: str) -> None:
    with pytest.raises(CaseFileError) as caught:
        parse_document(text, "f")
    assert expected in str(caught.value)


def test_all_duplicate_keys_are_reported_at_once() -> None:
    with pytest.raises(CaseFileError) as caught:
        parse_document("a: 1\na: 2\nb: {c: 1, c: 2}\nd: !x 1\n", "f")
    assert [(f.line, f.column) for f in caught.value.findings] == [(2, 1), (3, 11), (4, 4)]


def test_the_lines_of_a_block_have_their_own_places() -> None:
    text = "plan: |  # two lines\n    y = x\n\n    z = y\n"
    node = parse_document(text, "f").value["plan"]
    assert list(text_positions(node, text))[:3] == [(2, 5), (3, 1), (4, 5)]
    indented = "plan: |2\n    y = x\n"
    assert next(text_positions(parse_document(indented, "f").value["plan"], indented)) == (2, 3)
    quoted = 'plan: "y = x"\n'
    assert next(text_positions(parse_document(quoted, "f").value["plan"], quoted)) == (1, 8)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"op: conv\nabout: caf\xe9\n", "file.yaml:2:11: byte 0xe9 at offset 19 is not UTF-8; save the file as UTF-8"),
        (
            b"SQLite format 3\0\x10\0",
            "file.yaml: a record, expected a YAML case file; `conformance report file.yaml --html FILE` reads it",
        ),
        ("op: conv\n".encode("utf-16"), "file.yaml:1:1: byte 0xff at offset 0 is not UTF-8; save the file as UTF-8"),
        (b"#" * (5 * 2**20 + 1), "file.yaml: the file has 5,242,881 bytes, expected at most 5,242,880"),
    ],
)
def test_bytes_that_are_no_case_file(tmp_path: Path, data: bytes, expected: str) -> None:
    assert findings(tmp_path, data) == [expected]


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    assert findings(tmp_path, b"\xef\xbb\xbfop: conv\ngrids: [{grid: {kernel: [3]}}]\n") == []


SECRET = "hunter2"


@pytest.mark.parametrize(
    "text",
    [
        f"{SECRET}\n",
        f"- {SECRET}\n- b\n",
        f"password: {SECRET}\n",
        f"{SECRET}: 1\n{SECRET}: 2\n",
        f"a: !{SECRET} 1\n",
        f"a: *{SECRET}\n",
        f"a: [{SECRET}\n",
        f"a: {SECRET}: b\n",
        f"a: '{SECRET}\n",
        f"a:\n\t{SECRET}\n",
        f"%{SECRET}\n---\na: 1\n",
        f"root:x:0:0:{SECRET}:/root:/bin/bash\nbin:x:1:1::/:/sbin/nologin\n",
        f"KEY={SECRET}\nexport A=1\n",
        f"\x00{SECRET}\n",
        f"grid: &{SECRET} [*{SECRET}]\n",
    ],
)
def test_nothing_of_a_file_that_is_no_case_file_is_quoted(tmp_path: Path, text: str) -> None:
    said = findings(tmp_path, text.encode())
    assert len(said) == 1
    assert SECRET not in said[0]


def test_at_most_so_many_findings_are_made() -> None:
    for text in ("op: 1\n" * 3_000, "[" + "!a 1," * 3_000 + "]"):
        with pytest.raises(CaseFileError) as caught:
            parse_document(text, "f")
        assert len(caught.value.findings) == 100


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.yaml")
    with pytest.raises(CaseFileError, match="not a file"):
        document.read_text(tmp_path / "x.yaml")


def test_a_device_is_not_read() -> None:
    with pytest.raises(CaseFileError, match="not a file"):
        document.read_text(Path("/dev/zero"))
