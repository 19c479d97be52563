"""The price list: grades, year, purposes, equal treatment, teasers."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loan_policy import figures

from credit.decide.price import PriceTerms, rounded
from credit.decide.treatment import Quoted, teasers, unequal
from credit.errors import DataError, PolicyError

probabilities = st.floats(0, 1)


def terms(**values):
    return PriceTerms.of(figures(**values))


CHEAPER = terms(pricing__scenario_discount={"education": 0.1, "medical": 0.03})


def test_p01_the_ends_are_7_2_and_18_percent_at_360_days():
    """P01: 0.02 % and 0.05 % a day are 7.2 % and 18.0 % a year, exactly."""
    best, worst = terms().price(0.0), terms().price(1.0)
    assert (best.daily_rate, worst.daily_rate) == (Fraction(2, 10_000), Fraction(5, 10_000))
    assert (best.annual_rate, worst.annual_rate) == (Fraction(72, 1000), Fraction(18, 100))


def test_the_conflict_of_360_and_365_is_one_figure():
    year = terms(pricing__day_count=365)
    assert year.price(0.0).annual_rate == Fraction(73, 1000)
    assert year.price(1.0).annual_rate == Fraction(1825, 10_000)
    with pytest.raises(PolicyError, match=r"pricing\.day_count: 364 is not one of \(360, 365\)"):
        terms(pricing__day_count=364)


@settings(max_examples=60)
@given(probabilities, probabilities, st.sampled_from([None, "education", "medical"]))
def test_p01_who_is_better_never_pays_more(first, second, scenario):
    """P01: the price rises with the probability of default, whatever the money is for."""
    low, high = sorted((first, second))
    assert CHEAPER.price(low, scenario).daily_rate <= CHEAPER.price(high, scenario).daily_rate


def test_a_grade_reaches_up_to_its_bound():
    list_ = terms()
    assert list_.grade(0.01).name == "A"
    assert list_.grade(0.0100001).name == "B"
    with pytest.raises(DataError, match=r"probability must lie in \[0, 1\], got 1\.2"):
        list_.grade(1.2)


@pytest.mark.parametrize(
    ("grades", "message"),
    [
        ([("A", 0.01, 0.5), ("B", 1.0, 0.4)], r"grade A pays 0\.00035 a day, more than the worse"),
        ([("A", 0.02, 0.0), ("B", 0.02, 0.4)], r"grade B ends at 0\.02, not above grade A"),
        ([("A", 0.02, 0.0), ("B", 0.9, 0.4)], r"ends at 0\.9 and must end at 1"),
        ([("A", 0.02, 0.0), ("A", 1.0, 0.4)], "two grades have one name"),
        ([("A", 1.0, 1.4)], r"pricing\.grades\[1\]\.place: 1\.4 must lie between 0 and 1"),
    ],
)
def test_a_price_list_that_is_none_is_refused_when_it_is_read(grades, message):
    rows = [{"grade": name, "max_pd": bound, "place": place} for name, bound, place in grades]
    with pytest.raises(PolicyError, match=message):
        terms(pricing__grades=rows)


def test_l10_education_and_medical_are_cheaper_by_what_the_policy_says():
    """L10: no size is published, so the shipped discount is 0; a stated one lowers the rate."""
    assert terms().price(1.0, "medical").daily_rate == terms().price(1.0).daily_rate
    cheaper = terms(pricing__scenario_discount={"education": 0.2, "medical": 0.0})
    assert cheaper.price(1.0, "education").daily_rate == Fraction(4, 10_000)
    with pytest.raises(DataError, match=r"scenario must be one of .*'education', 'medical'"):
        terms().price(1.0, "holiday")


def test_c13_a_price_by_place_is_refused():
    """C13: where a person is is no input of a price."""
    with pytest.raises(PolicyError, match=r"pricing\.inputs: 'place' is not one of"):
        terms(pricing__inputs=["grade", "scenario", "place"])


@settings(max_examples=30)
@given(
    st.lists(st.tuples(probabilities, st.sampled_from(["Beijing", "Lhasa", "here"])), max_size=20)
)
def test_c13_the_price_list_treats_one_grade_alike_everywhere(people):
    """C13: quotes of the list itself differ by nothing within a grade, wherever people are."""
    list_ = terms()
    quotes = []
    for number, (probability, place) in enumerate(people):
        price = list_.price(probability)
        quotes.append(
            Quoted(person=str(number), grade=price.grade, scenario=None, place=place,
                   daily_rate=price.daily_rate)
        )  # fmt: skip
    assert unequal(quotes, list_) == ()


def test_c13_same_grade_at_another_price_is_named():
    """C13: unreasonable differential treatment is found, with the cheapest and the dearest."""
    quotes = [
        Quoted(person="a", grade="B", scenario=None, daily_rate=0.0003, place="Beijing"),
        Quoted(person="b", grade="B", scenario=None, daily_rate=0.0004, place="Lhasa"),
        Quoted(person="c", grade="B", scenario="medical", daily_rate=0.0001),
        Quoted(person="d", grade="A", scenario=None, daily_rate=0.0002),
    ]
    (found,) = unequal(quotes, terms())
    assert (found.grade, found.lowest.person, found.highest.person) == ("B", "a", "b")
    assert unequal(quotes, terms(pricing__tolerance=0.0001)) == ()


def test_l14_a_first_rate_that_doubles_is_a_teaser():
    """L14: rate(t + 1) / rate(1) of 2 or more is a violation, below it none."""
    found = teasers([0.0002, 0.0003, 0.0004], terms())
    assert [(jump.period, jump.ratio) for jump in found] == [(3, 2)]
    assert teasers([0.0002, 0.000399], terms()) == ()
    allowed = terms(pricing__teaser={"allowed": True, "max_jump": 2.0})
    assert teasers([0.0002, 0.0009], allowed) == ()
    with pytest.raises(DataError, match="rates must be positive"):
        teasers([], terms())


@settings(max_examples=50)
@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_rounding_keeps_the_order_of_rates(first, second):
    step = Fraction(1, 1000)
    low, high = sorted((Fraction(first, 10**6), Fraction(second, 10**6)))
    assert rounded(low, step) <= rounded(high, step)
    assert abs(rounded(low, step) - low) <= step / 2
