"""Files as spreadsheets and exports make them: read, or refused with the true reason."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc

import pytest

from benchmarks.import_file import BAD_KINDS, write_file
from include.base import file_rows
from include.base.errors import FatalError
from include.entries import import_file

FINE = b'{"customer_pain": "a"}\n'


def read(data: bytes, form: str = "csv") -> list[import_file.Line]:
    return list(import_file.read_all(io.BytesIO(data), form, name="f"))


def pains(data: bytes, form: str = "csv") -> list[str]:
    return [line.submission.customer_pain for line in read(data, form) if line.submission]


def problems(data: bytes, form: str = "csv") -> list[tuple[int, str | None, int]]:
    return [(one.number, one.problem, one.lines) for one in read(data, form) if one.problem]


@pytest.mark.parametrize(
    "data",
    [
        b"customer_pain,severity\nIt hurts,high\n",
        b"customer_pain;severity\r\nIt hurts;High\r\n",
        b"customer_pain\tseverity\nIt hurts\tHIGH\n",
        b"customer_pain|severity\nIt hurts| high \n",
        b"sep=;\r\ncustomer_pain;severity\r\nIt hurts;high\r\n",
        b"sep=\t\ncustomer_pain\tseverity\nIt hurts\thigh\n",
        b"\xef\xbb\xbfCustomer_Pain, Severity \nIt hurts,high\n",
        b"Customer Pain,Priority\nIt hurts,high\n",
        b"customer-pain,severity,,\nIt hurts,high,,\n",
        b"customer_pain,severity\nIt hurts,high,,\n",
        b"\n\n,,\ncustomer_pain,severity\nIt hurts,high\n",
        b"customer_pain,severity\rIt hurts,high\r",
        b'"customer_pain","severity"\n"It hurts","high"\n',
        "customer_pain,severity\nIt hurts,high\n".encode("utf-16"),
        b"\xfe\xff" + "customer_pain\tseverity\nIt hurts\thigh\n".encode("utf-16-be"),
        "customer_pain,severity\nIt hurts,high\n".encode("utf-32"),
        b"customerPain,Severity\nIt hurts,HIGH\n",
        b"Customer.Pain;severity\nIt hurts;high\n",
        "customer\u200b_pain\xa0,\uff33everity\nIt hurts,\uff28igh\n".encode(),
        b'\xef\xbb\xbf"sep=;"\r\n"customer_pain";"severity"\r\nIt hurts;high\r\n',
        b"SEP = |\ncustomer_pain|severity\nIt hurts|high\n",
        b"sep=;;\ncustomer_pain;severity;\nIt hurts;high;\n",
        b'severity, customer_pain\nhigh, "It hurts"\n',
        b"customer_pain,severity\r\nIt hurts,high\r\n\x1a",
        b'customer_pain,severity\n="It hurts",="high"\n',
        b"Customer pain *,Severity (low/medium/high)\nIt hurts,high\n",
        b"customer_pain (required)*;Priority: [1-3]\nIt hurts;high\n",
    ],
)
def test_tables_of_spreadsheets_are_read(data: bytes) -> None:
    [line] = [one for one in read(data) if one.kind == "record"]
    assert line.submission is not None
    assert (line.submission.customer_pain, line.submission.severity) == ("It hurts", "high")


def test_other_names_of_columns_are_known() -> None:
    data = b"Feedback,Account,Deal,Area,URL,ID,E-Mail\nIt hurts,a1,d1,x;y,https://a.example,7,a@b.example\n"
    [line] = [one for one in read(data) if one.kind == "record"]
    found = line.submission
    assert found is not None
    assert (found.account_id, found.opportunity_id, found.areas) == ("a1", "d1", ("x", "y"))
    assert (found.links, found.external_id) == (("https://a.example",), "7")
    assert found.submitter is not None
    assert found.submitter.email == "a@b.example"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_is_told(encoding: str) -> None:
    data = "customer_pain;severity\nCafé für 5 €;low\n".encode(encoding)
    assert pains(data) == ["Café für 5 €"]


ELSEWHERE = {
    "cp1250": [
        "Az export\xe1l\xe1s k\xf6zben elvesznek a sorok, b\u0151v\xedt\u0151 \u0171rlap",
        "Export je p\u0159\xedli\u0161 pomal\xfd a \u0159\xe1dky miz\xed",
        "Ve\u013ek\xe9 s\xfabory sa ned\xe1 nahra\u0165, \u013eudia \u010dakaj\xfa",
    ],
    "cp1254": ["D\u0131\u015fa aktarma yava\u015f, m\xfc\u015fteri \u015fikayet\xe7i"],
    "cp1257": [
        "Eksportas yra per l\u0117tas, eilut\u0117s din\u0105sta \u0161\u012f m\u0117nes\u012f"
    ],
    "mac_roman": ["Le caf\xe9 est ferm\xe9 \xe0 l\u2019\xe9t\xe9"],
    "iso8859-15": ["C\u0153ur \xe0 5 \u20ac", "\u0153uvre, 5 \u20ac."],
    "cp437": ["L'export est cass\xe9", "Das m\xf6gliche Format", "Er l\xe4dt es"],
    "cp1255": ["\u05d4\u05d9\u05d9\u05e6\u05d5\u05d0 \u05d0\u05d9\u05d8\u05d9"],
    "cp1251": ["\u042d\u043a\u0441\u043f\u043e\u0440\u0442 \u043e\u0447\u0435\u043d\u044c"],
    "cp850": ["Der Export f\xfcr gr\xf6\xdfere Mengen"],
    "shift_jis": ["\u30a8\u30af\u30b9\u30dd\u30fc\u30c8\u304c\u9045\u3044"],
    "euc_kr": ["\ub0b4\ubcf4\ub0b4\uae30\uac00 \ub290\ub824\uc694"],
}


@pytest.mark.parametrize(
    ("encoding", "said"), [(name, said) for name, texts in ELSEWHERE.items() for said in texts]
)
def test_words_of_another_encoding_are_never_taken_for_others(encoding: str, said: str) -> None:
    data = f"customer_pain;severity\nfine;low\n{said};low\n".encode(encoding)
    try:
        read_so_far, told = pains(data), [problem for _, problem, _ in problems(data)]
    except FatalError as error:
        read_so_far, told = ["fine"], [str(error).partition("; ")[0]]
    # The whole file, or the line where bytes are of no letter.
    assert told in (["f is in an encoding that cannot be told"], ["not UTF-8"])
    assert read_so_far == ["fine"]


@pytest.mark.parametrize(
    "said",
    [
        "Se\xf1or M\xfcller: \xbfqu\xe9 pasa? n\xba 5",
        "A exporta\xe7\xe3o n\xe3o \xe9 r\xe1pida, s\xf3 \xe0s vezes",
        "\xdctf\xf8relsen er for treg p\xe5 b\xe6rbar",
        "\xc5r\xf6rt l\xe4ge vid exporten, caf\xe9",
        "\xdeetta er of h\xe6gt, \xfe\xfa \xe1tt a\xf0 b\xed\xf0a",
        "C\u0153ur \xe0 5 \u20ac \u2013 d\xe9\xe7u, o\xf9 est-ce\u2026",
        "30 m\xb2, 20 \xb0C, \xa7 5, 1\xbd \xa3",
    ],
)
def test_words_that_windows_writes_are_read(said: str) -> None:
    data = f"customer_pain;severity\nfine;low\n{said};low\n".encode("cp1252")
    assert pains(data) == ["fine", said]


@pytest.mark.parametrize(
    "rows",
    [
        ["It hurts, very much; always"],
        ["a\tb | c"],
        ['"It hurts, badly"'],
    ],
)
def test_a_file_of_one_column_has_no_separator(rows: list[str]) -> None:
    assert pains("\n".join(["Pain", *rows]).encode()) == [row.strip('"') for row in rows]


def test_links_in_a_cell_may_be_parted_by_blanks() -> None:
    urls = "https://a.example/?x=1,2, https://b.example https://c.example;https://d.example"
    [line] = [one for one in read(f'pain,links\nx,"{urls}"\n'.encode()) if one.kind == "record"]
    assert line.submission is not None
    assert line.submission.links == tuple(urls.replace(", ", " ").replace(";", " ").split())


def test_a_quoted_cell_may_hold_lines_and_separators() -> None:
    data = b'customer_pain,severity\r\n"Two\r\nlines, and ""more""",low\r\nnext,low\r\n'
    assert pains(data) == ['Two\nlines, and "more"', "next"]
    assert [one.lines for one in read(data)] == [1, 2, 1]


@pytest.mark.parametrize(
    "data",
    [
        b'[{"customer_pain": "a"}, {"customer_pain": "b"}]',
        b'\xef\xbb\xbf[\n  {\n    "customer_pain": "a"\n  },\n  {"customer_pain": "b"}\n]\n',
        b'{"customer_pain": "a"}\n\n{"customer_pain": "b"}',
        b'\xef\xbb\xbf{"customer_pain": "a"}\r\n{"Customer Pain": "b"}\r\n',
        b'{\n "customer_pain": "a"\n}\n{\n "customer_pain": "b"\n}\n',
        '{"customer_pain": "a"}\n{"customer_pain": "b"}\n'.encode("utf-16"),
        b'{"customer_pain": "a"},\n{"customerPain": "b"},\n',
        b'\x1e{"customer_pain": "a"}\n\x1e{"customer_pain": "b"}\n',
        b'{"customer_pain": "a"}{"customer_pain": "b"}',
        # What an API answers, with the list inside.
        b'{"tickets": [{"customer_pain": "a"}, {"customer_pain": "b"}], "count": 2}',
        b'{"count": 2, "next": null, "data": {"page": {"size": 2}, "empty": [], "items": [\r\n'
        b'{"customer_pain": "a"},\r\n{"customer_pain": "b"}\r\n]}}\r\n',
        b'\xef\xbb\xbf\n{\n "links": {"self": "x"},\n "results": [\n  {"customer_pain": "a"},\n'
        b'  {"customer_pain": "b", "links": ["https://a.example"]}\n ]\n}\n',
    ],
)
def test_json_is_read_however_it_is_laid_out(data: bytes) -> None:
    assert pains(data, "jsonl") == ["a", "b"]


@pytest.mark.parametrize("behind", ["", ', "count": 2', ', "users": [{"customer_pain": "c"}]'])
def test_each_line_of_a_wrapped_list_is_in_one_count(behind: str) -> None:
    data = (
        '{\n"count": 2,\n"tickets": [\n{"customer_pain": "a"},\n{"customer_pain": \n"b"},\n'
        f'{{"customer_pain"\n,\n{{"customer_pain": "d"}}\n]{behind}\n}}\n'
    )
    found = read(data.encode(), "jsonl")
    assert sum(one.lines for one in found) == data.count("\n")
    assert pains(data.encode(), "jsonl") == ["a", "b", "d"]
    told = [(7, "not JSON", 2)]
    if "users" in behind:
        told.append((10, "what stands behind the list 'tickets' was not read", 3))
    assert problems(data.encode(), "jsonl") == told


def test_a_record_with_a_list_of_objects_is_no_wrapper() -> None:
    data = b'{"customer_pain": "a", "notes": [{"x": 1}]}\n{"customer_pain": "b"}\n'
    assert pains(data, "jsonl") == ["b"]
    assert "'notes' is unknown" in str(problems(data, "jsonl")[0][1])


def test_numbers_are_ids() -> None:
    data = b'{"customer_pain": "a", "id": 7, "account_id": 12345678901234567890, "deal": true}\n'
    assert "opportunity_id must be a text" in str(problems(data, "jsonl")[0][1])
    [line] = read(data.replace(b', "deal": true', b""), "jsonl")
    assert line.submission is not None
    assert line.submission.external_id == "7"
    assert line.submission.account_id == "12345678901234567890"


def test_a_cell_may_hold_several_links_and_areas() -> None:
    data = b'pain,links,areas\nx,"https://a.example/?x=1,2,https://b.example","one, two|three"\n'
    [line] = [one for one in read(data) if one.kind == "record"]
    assert line.submission is not None
    assert line.submission.links == ("https://a.example/?x=1,2", "https://b.example")
    assert line.submission.areas == ("one", "two", "three")


def test_one_object_is_one_entry() -> None:
    assert pains(b'{\n  "customer_pain": "a",\n  "severity": "High"\n}\n', "jsonl") == ["a"]


@pytest.mark.parametrize(
    ("data", "form", "said"),
    [
        (gzip.compress(b"x", mtime=0), "csv", "compressed with gzip; unpack it first"),
        (b"PK\x03\x04 ...", "csv", r"name a workbook \.xlsx"),
        (b"PK\x03\x04 ...", "xlsx", r"is no workbook .* save the sheet as CSV \(UTF-8\)"),
        (b"%PDF-1.7", "jsonl", "is a PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "csv", "is a picture"),
        (b"SQLite format 3\0" + bytes(90), "csv", "is a database"),
        (b"PAR1\x15\x00\x15", "jsonl", "is a Parquet file"),
        (b"{\\rtf1 x}", "csv", "is a text of a word processor"),
        (b"\n<!DOCTYPE html><html>Sign in</html>", "csv", "is a web page"),
        (b"<?xml version='1.0'?><x/>", "jsonl", "is a web page or XML"),
        (b"<table><tr><td>customer_pain", "csv", "is a web page"),
        (bytes(range(256)), "csv", "is no text"),
        (b"\x7fELF\x02\x01\x01" + bytes(range(100)), "jsonl", "is no text"),
        ("customer_pain\nx\n".encode("utf-16-be"), "csv", "without a byte order mark"),
        (b'"customer_pain" , "severity"\nx,low\n', "csv", "',' expected after"),
        # Windows-1251 and ISO 8859-7, which decode as Windows-1252 to accents without a word.
        (b"customer_pain\n%b\n" % bytes.fromhex("cfebeef5ee20eff0eee4e0b8f2f1ff"), "csv", "UTF-8"),
        (b"customer_pain\n%b\n" % bytes.fromhex("c1f1e3de20e5eee1e3f9e3de"), "csv", "UTF-8"),
        ("customer_pain\nx\n".encode("utf-16-le"), "csv", "without a byte order mark"),
        (
            b"words,severity\nx,low\n",
            "csv",
            "no column 'customer_pain', it has 'words', 'severity'",
        ),
        (b"customer_pain;mood\nx;sad\n", "csv", "unknown column 'mood'"),
        (
            b"customer_pain,Customer Pain\nx,y\n",
            "csv",
            "twice: 'customer_pain' and 'Customer Pain'",
        ),
        (b"customer_pain,Feedback\nx,y\n", "csv", "twice: 'customer_pain' and 'Feedback'"),
        (b'customer_pain,"open\nx,y\n', "csv", "header"),
        (FINE, "csv", r"holds JSON; name it \.jsonl"),
        (b"[" + FINE + b"]", "csv", "holds JSON"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_true_reason(
    data: bytes, form: str, said: str
) -> None:
    with pytest.raises(FatalError, match=said):
        read(data, form)


def test_a_quote_that_is_never_closed_names_all_lines_that_were_not_read() -> None:
    data = b'customer_pain,severity\nfine,low\n"never closed,low\nx,low\ny,low\n'
    [(number, said, lines)] = problems(data)
    assert (number, lines) == (3, 3)
    assert said is not None
    assert "lines 3 to 5 were not read" in said
    assert pains(data) == ["fine"]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b'{"customer_pain": "\\ud800"}', "customer_pain"),
        (b'{"customer_pain": "b", "account_id": "A\\u0000"}', "account_id"),
        (b'{"customer_pain": "b", "external_id": "%s"}' % (b"x" * 6_400), "external_id"),
        (
            b'{"customer_pain": "b", "submitter": {"email": "%s@x.example"}}' % (b"x" * 8_000),
            "submitter.email",
        ),
        (b'{"customer_pain": "b", "pain": "c"}', "customer_pain is given twice"),
        (b'{"customer_pain": "b", "mood": "sad"}', "'mood' is unknown"),
        (b"[[[1]]]", "not a JSON object"),
        (b'{"customer_pain": "b"', "not JSON"),
        (b'{"customer_pain": "b", "customer_pain": "c"}', "'customer_pain' is given twice"),
        (
            b'{"customer_pain": "b", "submitter": {"name": "A", "name": "B"}}',
            "'name' is given twice",
        ),
    ],
)
def test_a_bad_line_of_json_is_told_by_number_and_field(line: bytes, field: str) -> None:
    data = FINE + line + b"\n" + FINE
    [(number, problem, _)] = problems(data, "jsonl")
    assert number == 2
    assert problem is not None
    assert problem.startswith(field)
    assert pains(data, "jsonl") == ["a", "a"]


@pytest.mark.parametrize(
    ("data", "form", "number", "said"),
    [
        (b"customer_pain,\nfine,\nx,y\n", "csv", 3, "column 2 has a value and no name"),
        (b"customer_pain,severity\nfine,low\nx\n", "csv", 3, "1 cells where the header has 2"),
        (b"customer_pain,severity\nfine \xc3\xa9,low\nbad \xe9,low\n", "csv", 3, "not UTF-8"),
        (
            b'[{"customer_pain": "a"},\n {"customer_pain": oops},\n {"customer_pain": "c"}]',
            "jsonl",
            2,
            "not JSON",
        ),
    ],
)
def test_a_bad_line_is_told_by_number_and_field_and_the_rest_is_read(
    data: bytes, form: str, number: int, said: str
) -> None:
    [(found, problem, _)] = problems(data, form)
    assert found == number
    assert problem is not None
    assert said in problem
    assert len(pains(data, form)) >= 1


@pytest.mark.parametrize("form", ["csv", "jsonl"])
@pytest.mark.parametrize("extra", [0, 1])
def test_a_line_may_be_as_long_as_the_limit(
    form: str, extra: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_rows, "LONGEST_LINE", 60)
    length = 60 + extra
    if form == "csv":
        data = b"customer_pain\nfine\n" + b"x" * length + b"\nlast\n"
    else:
        words = b"x" * (length - len(FINE) + 2)
        data = FINE + b'{"customer_pain": "%s"}\n' % words + FINE
    assert len(pains(data, form)) == 3 - extra
    assert ["limit of 60" in str(said) for _, said, _ in problems(data, form)] == [True] * extra


@pytest.mark.parametrize(("limit", "what"), [("MOST_BYTES", "bytes"), ("MOST_LINES", "lines")])
def test_the_limits_of_a_file_are_named_before_it_is_read(
    limit: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = b"customer_pain\n" + b"x\n" * 9
    monkeypatch.setattr(file_rows, limit, len(data) if what == "bytes" else 10)
    assert len(pains(data)) == 9
    data += b"x\n"
    with pytest.raises(FatalError, match=f"{what}; at most"):
        pains(data)


def test_a_line_without_end_is_not_held_in_memory() -> None:
    file = io.BytesIO(b"customer_pain\n" + b"x" * 30_000_000 + b"\nlast\n")
    tracemalloc.start()
    found = list(import_file.read_all(file, "csv", name="f"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [one.kind for one in found] == ["header", "bad", "record"]
    assert peak < 8_000_000


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_of_many_lines_all_good_ones_are_read_and_all_bad_ones_named(form: str) -> None:
    file = io.BytesIO()
    expected = write_file(file, form, lines=3_000, bad_each=100)
    file.seek(0)
    found = list(import_file.read_all(file, form, name="f"))
    assert [one.number for one in found if one.kind == "bad"] == expected.bad
    assert sum(one.kind == "record" for one in found) == expected.good
    assert sum(one.lines for one in found) == expected.lines
    assert len(BAD_KINDS[form]) == 10
    assert len({(one.problem or "")[:30] for one in found if one.problem}) >= 7


def test_a_longer_version_of_a_file_knows_its_lines_again() -> None:
    rows = [json.dumps({"customer_pain": one}).encode() for one in ("a", "b", "a")]
    first = [one.key for one in read(b"\n".join(rows), "jsonl")]
    second = [one.key for one in read(b"\n".join([*rows, rows[0]]), "jsonl")]
    assert second[:3] == first
    assert len(set(second)) == 4
