"""Ids, labels and dependency names: Spin's rules and Spin's words."""

import pytest

from whorl.app.identifiers import dependency_name, kebab_case, kebab_id, label, snake_id


@pytest.mark.parametrize("text", ["a", "my-app2", "MY-app", "x-Y-z9"])
def test_a_kebab_id_has_words_of_one_case_joined_by_hyphens(text: str) -> None:
    assert kebab_id(text) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("a_b", "words must be separated with '-', not '_'"),
        ("a--b", "'-'-separated words must not be empty"),
        ("my-2app", "'-'-separated words must start with an ASCII letter; got '2'"),
        ("é", "'-'-separated words must start with an ASCII letter; got 'é'"),
        ("a!b", "'-'-separated words may only contain alphanumeric ASCII; got '!'"),
        ("aé", "'-'-separated words may only contain alphanumeric ASCII; got 'é'"),
        ("fOo", "'-'-separated words must be all lowercase or all UPPERCASE; got \"fOo\""),
    ],
)
def test_what_is_no_kebab_id_is_refused_in_spins_words(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="invalid id") as refused:
        kebab_id(text)
    assert str(refused.value) == f"invalid id `{text}`: {why}"


def test_a_snake_id_is_joined_by_underscores() -> None:
    assert snake_id("my_app") == "my_app"
    with pytest.raises(ValueError, match="words must be separated with '_', not '-'"):
        snake_id("my-app")


@pytest.mark.parametrize("text", ["default", "my-store", "my_store"])
def test_a_label_may_be_kebab_or_snake(text: str) -> None:
    assert label(text) == text


@pytest.mark.parametrize("text", ["my-other_store", "", "My-store", "a b"])
def test_a_label_that_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected kebab-case or snake_case"):
        label(text)


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("hello", "hello"), ("My_App v2", "my-app-v2"), ("2fast", None), ("___", None), ("héllo", "h-llo")],
)
def test_a_file_name_becomes_the_nearest_kebab_id(text: str, nearest: str | None) -> None:
    assert kebab_case(text) == nearest


def test_a_dependency_name_is_taken_apart() -> None:
    name = dependency_name("url-shortener:api/kv-store@1.2.0")
    assert (name.package, name.interface, name.version) == ("url-shortener:api", "kv-store", "1.2.0")
    assert dependency_name("storage").package is None


@pytest.mark.parametrize("text", ["a_b", "a:", ":b", "a:b/", "a:b@", "a:b@1", "a:b/c/d", "A b:c", "a:b:c"])
def test_what_is_no_dependency_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"invalid id|is not a dependency name"):
        dependency_name(text)


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("a:b/c", "a:b/d", False),
        ("a:b/c", "a:b", True),
        ("a:b/c@1.0.0", "a:b/c@2.0.0", False),
        ("a:b/c@1.0.0", "a:b/c", True),
        ("a:b", "a:c", False),
        ("x", "y", False),
    ],
)
def test_dependencies_overlap_when_both_would_satisfy_an_import(one: str, other: str, *, overlap: bool) -> None:
    assert dependency_name(one).overlaps(dependency_name(other)) is overlap
    assert dependency_name(other).overlaps(dependency_name(one)) is overlap
