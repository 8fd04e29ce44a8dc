"""The line of each key of a TOML text."""

import tomli
from hypothesis import given
from hypothesis import strategies as st

from whorl.app.manifest.key_lines import KeyPath, key_lines

TEXT = '''\
title = 1 # "first" = 2

[owner.name]
"odd. key" = [ "]", # ]
  2, { inner.x = "}]" , 'y' = 3 }]
[[list]]
text = """
[not.a.table]
key = "" "" ""\\""""
raw = \'\'\'
[[neither]]
\'\'\'
[[list]]
[list.sub]
day = 1979-05-27 07:32:00
[[list.sub2]]
"\\u00e9\\"" = true
'''


def test_keys_of_every_form_are_found() -> None:
    lines = key_lines(TEXT)
    expected: dict[KeyPath, int] = {
        ("title",): 1,
        ("owner", "name", "odd. key"): 4,
        ("owner", "name", "odd. key", 0): 4,
        ("owner", "name", "odd. key", 1): 5,
        ("owner", "name", "odd. key", 2, "inner", "x"): 5,
        ("owner", "name", "odd. key", 2, "y"): 5,
        ("list",): 6,
        ("list", 0): 6,
        ("list", 0, "text"): 7,
        ("list", 0, "raw"): 10,
        ("list", 1): 13,
        ("list", 1, "sub", "day"): 15,
        ("list", 1, "sub2", 0): 16,
        ("list", 1, "sub2", 0, 'é"'): 17,
    }
    assert {path: lines.get(path) for path in expected} == expected
    assert paths(tomli.loads(TEXT)) == set(lines)


strings = st.sampled_from(['"a"', "'b'", '"]}"', "'#'", '"\\""', '"""x\n[y]\n\\"""" ', "'''\n=\n'''", '""', '"="'])
scalars = st.one_of(strings, st.sampled_from(["1", "true", "1.5e3", "07:32:00", "inf"]))
separators = st.sampled_from([",", ", ", ",\n", " , # c ]}\n"])
arrays = st.builds(lambda items, by: "[" + by.join(items) + "\n]", st.lists(scalars, max_size=3), separators)
inline_tables = st.lists(st.one_of(scalars, arrays), max_size=3).map(
    lambda values: "{" + ", ".join(f"i{n}.j = {value}" for n, value in enumerate(values)) + "}"
)
values = st.one_of(scalars, arrays, inline_tables, inline_tables.map("[{},\n 2]".format))
headers = st.sampled_from(
    ["[t{}]\n", "[t{}.u]\n", "[[a]]\n", " [[a.'b c']] # x\n", "[[n{}.m]]\n", '["q.{}"]\n', "\r\n", "# {}\n"]
)
blocks = st.tuples(headers, st.lists(values, max_size=3))


@given(st.lists(blocks, max_size=6))
def test_each_path_of_a_document_has_the_line_where_its_key_stands(written: list[tuple[str, list[str]]]) -> None:
    text, counter = "[[a]]\n", 0
    for place, (header, written_values) in enumerate(written):
        text += header.format(place)
        for value in written_values:
            counter += 1
            text += f"k{counter}.x = {value} # comment\n"
    document = tomli.loads(text)
    lines = key_lines(text)
    assert paths(document) == set(lines)
    for path, line in lines.items():
        if isinstance(path[-1], str) and path[-1].startswith("k"):
            assert path[-1] in text.splitlines()[line - 1]


def paths(value: object, at: KeyPath = ()) -> set[KeyPath]:
    """Return the path of everything within `value`."""
    inner: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return {(*at, key) for key, _ in inner}.union(*(paths(each, (*at, key)) for key, each in inner))
