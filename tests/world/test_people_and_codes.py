"""The people are synthetic, well formed, and the same in every world."""

from __future__ import annotations

from fixtures.codes import DIAGNOSES, FAMILIES, PROCEDURES, find_diagnoses, find_procedures
from fixtures.people import is_member_id, is_npi, members, members_by_id, npi_with_check_digit, providers


def test_every_last_name_says_that_it_is_synthetic() -> None:
    named = [*members(), *providers()]
    assert all(person.last_name.startswith(("Test", "Sample", "Mock", "Demo")) for person in named)
    assert all(person.synthetic for person in named)


def test_there_are_enough_members_with_nine_digit_ids_some_with_leading_zeros() -> None:
    ids = [member.id for member in members()]
    assert len(ids) >= 400
    assert len(set(ids)) == len(ids)
    assert all(is_member_id(one) for one in ids)
    assert sum(one.startswith("00") for one in ids) >= 20


def test_the_tags_say_what_is_special_about_a_member() -> None:
    assert all(not member.eligible for member in members() if "NA" in member.tags)
    assert all(member.eligible for member in members() if "plain" in member.tags)
    assert {m.medicare_parts for m in members() if "medicare" in m.tags} == {"a", "b", "ab"}
    twins = [member for member in members() if "twin" in member.tags]
    for first, second in zip(twins[::2], twins[1::2], strict=True):
        assert (first.last_name, first.dob) == (second.last_name, second.dob)
        assert first.id != second.id


def test_npis_pass_their_check_digit() -> None:
    assert all(is_npi(provider.npi) for provider in providers())
    assert npi_with_check_digit("123456789") == "1234567893"  # the published example
    assert not is_npi("1234567894")


def test_some_providers_share_a_last_name_and_some_are_not_enrolled() -> None:
    shared = [p for p in providers() if "shared_name" in p.tags]
    assert len(shared) > len({p.last_name for p in shared}) > 1
    assert any(not p.cmap for p in providers())


def test_every_family_has_procedures_and_the_known_member_is_there() -> None:
    assert {p.family for p in PROCEDURES.values()} == set(FAMILIES)
    assert members_by_id()[members()[0].id] is members()[0]


def test_suggestions_know_codes_with_and_without_dot_and_only_the_family() -> None:
    assert ("M17.11", DIAGNOSES["M17.11"]) in find_diagnoses("m1711")
    assert ("M17.11", DIAGNOSES["M17.11"]) in find_diagnoses("M17.1")
    assert [p.code for p in find_procedures("e0601", "dme")] == ["E0601"]
    assert find_procedures("E0601", "therapy_pt") == []
