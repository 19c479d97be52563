"""Readers of published data: conversions, made-up files, then the real files where present."""

from __future__ import annotations

import zipfile
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit import schema, sources
from credit.engine import Engine
from credit.errors import DataError, SchemaError
from credit.feature import Catalogue
from credit.features import build, catalogue
from credit.sources import berka, credit_card_approval, german, taiwan
from credit.sources.berka_transactions import CUT_FILE, PRE_LOAN_FILE, order_in_day, whole_lines
from credit.sources.tables import choices, hundredths, instant, integers

READABLE = ("berka", "credit_card_approval", "german", "taiwan")
ALL = (
    "australian", "berka", "bitcoin_otc", "credit_card_approval", "german", "japanese",
    "sba_case", "taiwan",
)  # fmt: skip


# -- the registry


def test_every_set_says_what_it_is_and_which_bytes_it_has():
    assert tuple(sources.DATA_SETS) == ALL
    for record in sources.DATA_SETS.values():
        assert record.url.startswith("https://")
        assert record.title and record.origin and record.licence and record.citation
        assert record.files
        for file in record.files:
            assert len(file.sha256) == 64 and file.size > 0
            assert file.source.startswith("github.com/")


def test_an_unknown_set_is_refused_by_the_nearest_name():
    with pytest.raises(DataError, match=r"no data set 'berkka'.* Did you mean 'berka'\?"):
        sources.data_set("berkka")


def test_a_set_without_a_reader_says_which_have_one(tmp_path):
    with pytest.raises(DataError, match=r"bitcoin_otc: .* not yet read .*'berka', 'credit_card"):
        sources.load("bitcoin_otc", tmp_path)


def test_verify_reports_missing_and_changed_files_without_raising(tmp_path):
    (tmp_path / "german").mkdir()
    (tmp_path / "german" / "german.data").write_text("A11 6")
    rows = sources.verify(tmp_path)
    assert len(rows) == sum(len(record.files) for record in sources.DATA_SETS.values())
    status = {(row.data_set, row.file): row.status for row in rows}
    assert status["german", "german.data"] == "changed"
    assert status["german", "german.doc"] == "missing"
    assert status["taiwan", "taiwan.csv"] == "missing"


def test_a_missing_file_is_named_with_the_way_out(tmp_path):
    with pytest.raises(DataError, match=r"no file 'taiwan.csv' in .*Get it from github.com/.*350"):
        sources.load("taiwan", tmp_path)


def test_the_folder_of_all_sets_given_for_one_is_understood_but_not_taken(tmp_path):
    (tmp_path / "taiwan").mkdir()
    with pytest.raises(DataError, match=r"Did you mean '.*taiwan'\?"):
        sources.load("taiwan", tmp_path)


def test_a_changed_file_is_refused_with_both_sums(tmp_path):
    (tmp_path / "taiwan.csv").write_text("ID\n1\n")
    with pytest.raises(DataError) as refusal:
        sources.load("taiwan", tmp_path)
    words = str(refusal.value)
    assert "'taiwan.csv' is not the published file" in words
    assert sources.data_set("taiwan").files[0].sha256 in words
    assert "(5 bytes) found" in words
    assert "Replace it by the bytes of github.com/" in words


# -- conversions


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_money_is_read_exactly(amount):
    text = pd.Series([str(amount)], name="amount")
    if "E" in str(amount):
        return
    assert hundredths(text, table="t").tolist() == [int(amount * 100)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5e+05", 50_000_000), ("1.25e2", 12_500), ("-0.05", -5), ("7", 700), ("7.5", 750)],
)
def test_ways_of_writing_an_amount(text, expected):
    assert hundredths(pd.Series([text]), table="t").tolist() == [expected]
    assert expected == Decimal(text) * 100


@pytest.mark.parametrize("text", ["1.005", "", "1,5", "nan", "1e-3", "1e999"])
def test_an_inexact_amount_is_refused(text):
    with pytest.raises(SchemaError, match=r"t\.amount: 1 row.*at most two decimals"):
        hundredths(pd.Series(["1", text], name="amount"), table="t")


def test_other_cells_are_refused_by_name():
    with pytest.raises(SchemaError, match=r"t\.age: 1 row.*an integer.*Examples: 4x"):
        integers(pd.Series(["4", "4x"], name="age"), table="t")
    with pytest.raises(SchemaError, match=r"t\.type: 2 row.*one of \['a'\]"):
        choices(pd.Series(["a", "b", "c"], name="type"), {"a": "A"}, table="t")


# -- Berka


def test_only_the_broken_last_line_is_set_apart(tmp_path):
    path = tmp_path / "file.asc"
    path.write_text('"a";"b"\r\n1;"x"\r\n2;"y')
    assert whole_lines(path, columns=2) == ('"a";"b"\n1;"x"', '2;"y')
    path.write_text('"a";"b"\n1;"x"\n')
    assert whole_lines(path, columns=2) == ('"a";"b"\n1;"x"', "")
    path.write_text('"a";"b"\n1;"x\n2;"y"\n')
    with pytest.raises(DataError, match=r"line 2 does not hold 2 cells: '1;\"x'"):
        whole_lines(path, columns=2)


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(1, 10**6)),
        min_size=1,
        max_size=30,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_a_day_is_restored_from_balances(movements, random):
    """Any money received, shuffled: the balances tell the order in which it was booked."""
    movements.sort(key=lambda row: row[:2])
    rows = []
    for account, day, amount in movements:
        before = sum(row["amount_fen"] for row in rows if row["account_id"] == account)
        place = sum(row["account_id"] == account and row["day"] == day for row in rows)
        row = {"account_id": account, "day": day, "amount_fen": amount, "direction": "in"}
        rows.append(row | {"balance_fen": before + amount, "place": place})
    random.shuffle(rows)
    frame = pd.DataFrame(rows)
    assert order_in_day(frame).tolist() == frame["place"].tolist()


_HEAD = '"trans_id";"account_id";"date";"type";"operation";"amount";"balance";"k_symbol";"b";"a"'


@pytest.fixture
def bank(tmp_path):
    """A made-up bank of two accounts and two loans in the files of the challenge."""
    files = {
        "account.asc": (
            '"account_id";"district_id";"frequency";"date"\n'
            '10;1;"POPLATEK MESICNE";930101\n20;2;"POPLATEK TYDNE";960501\n'
        ),
        "client.asc": (
            '"client_id";"birth_number";"district_id"\n1;"706213";1\n2;"450204";2\n3;"450204";2\n'
        ),
        "disp.asc": (
            '"disp_id";"client_id";"account_id";"type"\n'
            '1;1;10;"OWNER"\n2;2;20;"OWNER"\n3;3;20;"DISPONENT"\n'
        ),
        "district.asc": (
            "A1;A2;A3;A4;A10;A11;A12;A13;A14;A15;A16\n"
            '1;"P";"Prague";1000;100.0;12541;0.29;0.43;167;85;99\n'
            '2;"J";"north";4000;48.4;8173;?;7.01;124;?;58\n'
        ),
        "loan.asc": (
            '"loan_id";"account_id";"date";"amount";"duration";"payments";"status"\n'
            '7;10;940105;96396;12;8033.00;"B"\n8;20;970110;1000;24;41.50;"C"\n'
        ),
        "order.asc": '"order_id";"account_id";"k_symbol"\n1;10;"UVER"\n2;10;"SIPO"\n',
        CUT_FILE: (
            f"{_HEAD}\n"
            '2;10;940104;"VYDAJ";"VYBER";100.50;99.50;" ";;\n'
            '1;10;940104;"PRIJEM";"VKLAD";200.00;200.00;"";;\n'
            '3;10;940105;"VYBER";"VYBER";9.00;90.50;"";;\n'
            '4;10;940106;"VYDAJ";"PREVOD NA UCET";5.00;85.50;"UVER";;\n'
            "5;10;9401"
        ),
        PRE_LOAN_FILE: (
            f"{_HEAD}\n"
            "11;20;970108;credit;;0.30;0.30;interest credited;;\n"
            "12;20;970109;withdrawal;withdrawal in cash;1.00;-0.70;"
            "sanction interest if negative balance;;\n"
        ),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def test_berka_tells_of_the_broken_line_and_of_what_it_leaves_out(bank):
    notes = " ".join(berka.read(bank).notes)
    assert "the last line, 6, is broken off and left out: '5;10;9401'" in notes
    assert "2 permanent orders carry no date, and the 1 with k_symbol UVER are repayments" in notes
    assert "for 1 loans (transactions_complete" in notes and "for 1 more from" in notes
    assert "null for the 1 loans granted before 1997-01-01" in notes
    assert "second user" in notes


def test_berka_speaks_one_language_and_knows_a_day_at_its_end(bank):
    payments = berka.read(bank).tables["payments"].set_index("payment_id")
    assert payments["direction"].tolist() == ["out", "in", "out", "out", "in", "out"]
    assert payments["purpose"].tolist() == [
        "cash", "cash", "cash", "loan", "interest", "sanction_interest",
    ]  # fmt: skip
    assert payments["amount_fen"].tolist() == [10050, 20000, 900, 500, 30, 100]
    assert payments.loc[12, "balance_fen"] == -70
    assert payments.loc[1, "event_time"] == instant("1994-01-04")
    assert payments.loc[2, "event_time"] == instant("1994-01-04") + 1  # booked after number 1
    assert (payments["available_at"] % schema.DAY == 0).all()
    assert payments.loc[2, "available_at"] == instant("1994-01-05")


def test_berka_applications_hold_only_what_was_known(bank):
    tables = berka.read(bank).tables
    applications = tables["applications"].set_index("application_id")
    assert applications["customer_id"].to_dict() == {7: 1, 8: 2}
    assert applications["transactions"].to_dict() == {7: "complete_cut_file", 8: "complete"}
    assert applications["transactions_complete"].to_dict() == {7: False, 8: True}
    assert applications["instalment_fen"].to_dict() == {7: 803300, 8: 4150}
    assert np.isnan(applications.loc[7, "district_salary"])
    assert applications.loc[8, "district_salary"] == 8173
    assert np.isnan(applications.loc[8, "district_unemployment_1995"])
    outcomes = tables["outcomes"].set_index("application_id")
    assert outcomes["bad"].to_dict() == {7: 1, 8: 0}
    assert outcomes["known_at"].to_dict() == {7: instant("1995-01-05"), 8: instant("1998-01-10")}
    customers = tables["customers"].set_index("customer_id")
    assert customers["sex"].to_dict() == {1: "female", 2: "male"}
    assert customers["birth_date"].to_dict() == {1: instant("1970-12-13"), 2: instant("1945-02-04")}


def test_a_transaction_on_the_day_of_the_loan_is_no_evidence(bank):
    read = berka.read(bank)
    features = features_of(read)
    first = features.iloc[0]
    assert first["payment_inflow_fen_90d"] == 20000
    assert first["payment_movement_count_90d"] == 2
    assert first["wealth_account_balance_last"] == 9950
    assert first["wealth_account_balance_min_ever"] == 9950
    second = features.iloc[1]
    assert second["repayment_sanction_interest_count_ever"] == 1
    assert second["wealth_account_balance_min_90d"] == -70


def test_an_account_with_two_owners_is_refused(bank):
    with (bank / "disp.asc").open("a") as file:
        file.write('4;3;10;"OWNER"\n')
    with pytest.raises(SchemaError, match=r"disp\.asc\.account_id: 1 row.*one owner"):
        berka.read(bank)


def test_an_unknown_purpose_is_refused(bank):
    path = bank / PRE_LOAN_FILE
    path.write_text(path.read_text().replace("interest credited", "bribe"))
    with pytest.raises(SchemaError, match=r"transactions\.k_symbol: 1 row.*Examples: bribe"):
        berka.read(bank)


def test_a_missing_column_is_named(bank):
    (bank / "order.asc").write_text('"order_id"\n1\n')
    with pytest.raises(SchemaError, match=r"order\.asc: no column \['k_symbol'\]"):
        berka.read(bank)


# -- credit card approval

_ROW = "M,Y,Y,0,427500.0,Working,Higher,Married,House,-12005,{days},1,1,0,0,,2.0"


@pytest.fixture
def cards(tmp_path):
    """Made-up accounts: two of one person, one that ends early, one young, one row repeated."""
    head = "ID,CODE_GENDER,FLAG_OWN_CAR,FLAG_OWN_REALTY,CNT_CHILDREN,AMT_INCOME_TOTAL,"
    head += "NAME_INCOME_TYPE,NAME_EDUCATION_TYPE,NAME_FAMILY_STATUS,NAME_HOUSING_TYPE,DAYS_BIRTH,"
    head += "DAYS_EMPLOYED,FLAG_MOBIL,FLAG_WORK_PHONE,FLAG_PHONE,FLAG_EMAIL,OCCUPATION_TYPE,"
    head += "CNT_FAM_MEMBERS"
    people = {1: -10, 2: -10, 3: 365243, 4: -4000, 6: -10, 8: -7}
    lines = [head, *(f"{key},{_ROW.format(days=days)}" for key, days in people.items())]
    lines += [f"5,{_ROW.format(days=-1)}", f"5,{_ROW.format(days=-2)}"]
    record = ["ID,MONTHS_BALANCE,STATUS"]
    record += [f"1,{month},{'2' if month == -9 else 'C'}" for month in range(0, -21, -1)]
    record += [f"2,{month},{'5' if month == 0 else '0'}" for month in range(0, -13, -1)]
    record += [f"3,{month},X" for month in range(-20, -26, -1)]
    record += ["4,0,1", "4,-1,0", "5,0,C", "7,0,C", "8,0,C"]
    for name, text in (("application_record", lines), ("credit_record", record)):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as archive:
            archive.writestr(f"{name}.csv", "\n".join(text) + "\n")
    return tmp_path


def test_card_accounts_become_applications_of_persons(cards):
    read = credit_card_approval.read(cards)
    applications = read.tables["applications"].set_index("application_id")
    assert applications["customer_id"].to_dict() == {1: 1, 2: 1, 3: 3, 4: 4}
    assert applications.loc[1, "event_time"] == instant("2018-07-01")
    assert applications.loc[4, "event_time"] == instant("2020-02-01")
    assert applications.loc[3, "days_employed"] == 365243
    assert read.special_codes == {"application_days_employed": (365243.0,)}
    assert applications.loc[1, "yearly_income_fen"] == 42_750_000
    notes = " ".join(read.notes)
    assert "1 IDs have several different application rows" in notes
    assert (
        "2 of 7 accounts in the credit record have no application row, and 1 application" in notes
    )
    assert "account 8: that account is left out" in notes
    assert "4 accounts belong to 3 persons" in notes and "50.0 %" in notes
    assert "1 of 2 accounts whose first year is on record" in notes
    assert "2 accounts the employment stated began after" in notes


def test_card_outcomes_need_a_whole_first_year(cards):
    outcomes = credit_card_approval.read(cards).tables["outcomes"].set_index("application_id")
    # The second is late in the month after its first twelve only: good.
    assert outcomes["bad"].isna().to_dict() == {1: False, 2: False, 3: True, 4: True}
    assert outcomes.loc[1, "bad"] == 1
    assert outcomes.loc[2, "bad"] == 0
    assert outcomes.loc[1, "known_at"] == instant("2019-07-01")
    assert outcomes.loc[4, "known_at"] == instant("2021-02-01")


def test_card_statements_are_known_when_their_month_is_over(cards):
    bureau = credit_card_approval.read(cards).tables["bureau"]
    assert bureau.loc[0, "event_time"] == instant("2020-03-31")
    assert bureau.loc[0, "available_at"] == instant("2020-04-01")
    assert set(bureau["account_id"]) == {1, 2, 3, 4}
    late = bureau[bureau["status"] == "late_60_89"]
    assert late[["account_id", "months_past_due"]].to_numpy().tolist() == [[1, 2.0]]
    assert bureau.loc[bureau["status"] == "no_loan", "months_past_due"].isna().all()


def test_card_features_see_earlier_accounts_only(cards):
    features = features_of(credit_card_approval.read(cards))
    assert features["repayment_account_count_ever"].tolist() == [0, 1, 0, 0]
    # At the second account's opening (2019-03-01) the first was never late: its -9 is 2019-06.
    assert features["repayment_months_past_due_max_ever"].tolist()[1] == 0
    assert np.isnan(features["repayment_months_past_due_max_ever"].iloc[0])


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["x", None])), max_size=12))
def test_a_person_is_everybody_with_the_same_row(facts):
    rows = pd.DataFrame(
        {
            "ID": range(len(facts)),
            "one": pd.Series([first for first, _ in facts], dtype="str"),
            "two": pd.Series([second for _, second in facts], dtype="str"),
        }
    )
    assert credit_card_approval.persons(rows).tolist() == [facts.index(fact) for fact in facts]


def test_a_broken_zip_and_an_unknown_status_are_refused(cards):
    with zipfile.ZipFile(cards / "credit_record.zip", "w") as archive:
        archive.writestr("credit_record.csv", "ID,MONTHS_BALANCE,STATUS\n1,0,Q\n2,0,C\n")
    with pytest.raises(DataError, match=r"STATUS \['Q'\] is not among"):
        credit_card_approval.read(cards)
    (cards / "credit_record.zip").write_text("no zip")
    with pytest.raises(DataError, match=r"credit_record\.zip: not a zip file"):
        credit_card_approval.read(cards)


# -- Taiwan and German


@pytest.fixture
def clients(tmp_path):
    """Two made-up clients, one of them with undocumented codes and a negative bill."""
    head = ["ID", "LIMIT_BAL", "SEX", "EDUCATION", "MARRIAGE", "AGE", "PAY_0"]
    head += [f"PAY_{month}" for month in range(2, 7)]
    head += [f"BILL_AMT{month}" for month in range(1, 7)]
    head += [f"PAY_AMT{month}" for month in range(1, 7)]
    lines = [
        ",".join([*head, "default.payment.next.month"]),
        "1,1e+05,1,2,1,40,2,1,0,-1,-2,-2,300,200,100,0,0,0,10,20,30,0,0,0,1",
        "2,50000,2,5,0,25,0,0,0,0,0,0,-5,1,2,3,4,5,6,7,8,9,10,11,0",
    ]
    (tmp_path / "taiwan.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_taiwan_statements_become_a_bureau_in_time_order(clients):
    read = taiwan.read(clients)
    first = read.tables["bureau"].iloc[:6]
    assert first["event_time"].is_monotonic_increasing
    assert first["event_time"].iloc[-1] == instant("2005-09-30")
    assert first["available_at"].iloc[-1] == instant(taiwan.AS_OF)
    assert first["status"].tolist() == [
        "unused", "unused", "paid_in_full", "revolving", "late", "late",
    ]  # fmt: skip
    assert first["months_past_due"].tolist() == [0, 0, 0, 0, 1, 2]
    assert first["balance_fen"].tolist() == [0, 0, 0, 10000, 20000, 30000]
    assert first["paid_fen"].tolist() == [0, 0, 0, 3000, 2000, 1000]
    assert read.tables["outcomes"]["bad"].tolist() == [1, 0]
    notes = " ".join(read.notes)
    assert "EDUCATION 0, 5, 6 (1 clients) and MARRIAGE 0 (1)" in notes
    assert "1 clients have a month with a negative bill" in notes


def test_taiwan_features_by_hand(clients):
    row = features_of(taiwan.read(clients)).iloc[0]
    assert row["repayment_months_past_due_latest"] == 2
    assert row["repayment_months_past_due_sum_180d"] == 3
    assert row["repayment_late_month_count_90d"] == 2
    assert row["repayment_days_since_late_month_180d"] == 1
    assert row["consumption_utilisation_latest"] == pytest.approx(0.003)
    assert row["payment_paid_to_bill_latest"] == pytest.approx(10 / 200)
    assert np.isnan(row["payment_paid_to_bill_month_4"])
    assert row["payment_paid_to_billed_180d"] == pytest.approx(60 / 600)
    assert row["payment_nothing_paid_count_180d"] == 3


def test_sex_and_age_are_kept_out_unless_asked_for(clients):
    read = taiwan.read(clients)
    assert set(read.audit) == {"application_sex", "application_age_years"}
    assert not set(read.audit) & set(read.catalogue().names)
    assert set(read.audit) <= set(read.catalogue(audit=True).names)


def test_taiwan_refuses_an_unknown_code(clients):
    path = clients / "taiwan.csv"
    path.write_text(path.read_text().replace("2,50000,2,5", "2,50000,2,9"))
    with pytest.raises(SchemaError, match=r"taiwan\.csv\.EDUCATION: 1 row.*Examples: 9"):
        taiwan.read(clients)


_CREDIT = "A11 6 A34 A43 1169 A65 A75 4 A93 A101 4 A121 67 A143 A152 2 A173 1 A192 A201 {}"


def test_german_codes_become_words(tmp_path):
    (tmp_path / "german.data").write_text(_CREDIT.format(1) + "\n" + _CREDIT.format(2) + "\n")
    read = german.read(tmp_path)
    first = read.tables["applications"].iloc[0]
    assert first["checking_account"] == "below_0"
    assert first["purpose"] == "radio_television"
    assert first["credit_amount_fen"] == 116_900
    assert first["age_years"] == 67
    assert read.tables["outcomes"]["bad"].tolist() == [0, 1]
    assert len(read.stated) == 20
    assert len(read.catalogue()) == 17


def test_an_imitation_of_german_has_its_columns_and_says_what_it_is():
    made = german.imitation(300, seed=1)
    again = german.imitation(300, seed=1)
    for name, table in made.tables.items():
        pd.testing.assert_frame_equal(table, again.tables[name])
    assert [*made.tables["applications"].columns[4:]] == [each.name for each in german.ATTRIBUTES]
    assert "Made up" in made.notes[0]
    assert 0.1 < made.tables["outcomes"]["bad"].mean() < 0.6
    for each in german.ATTRIBUTES:
        if each.codes:
            known = {meaning for _, meaning in each.codes}
            assert set(made.tables["applications"][each.name]) <= known


def test_german_refuses_short_lines_and_unknown_codes(tmp_path):
    path = tmp_path / "german.data"
    path.write_text(_CREDIT.format(1) + "\nA11 6\n")
    with pytest.raises(DataError, match="line 2 holds 2 cells, 21 are required"):
        german.read(tmp_path)
    path.write_text(_CREDIT.format(3) + "\n")
    with pytest.raises(SchemaError, match=r"german\.data\.outcome: 1 row.*Examples: 3"):
        german.read(tmp_path)


# -- the published files themselves


def features_of(read: sources.SourceTables, most: int = 5_000) -> pd.DataFrame:
    """Build all features of a data set for its first applications, all tables checked."""
    applications = read.tables["applications"].head(most)
    spine = pd.DataFrame(
        {
            "observation_id": range(len(applications)),
            "application_id": applications["application_id"],
            "customer_id": applications["customer_id"],
            "as_of": applications["event_time"],
        }
    )
    with Engine(zone="UTC", threads=2) as engine:
        for table, rows in read.tables.items():
            engine.add(table, rows)
        engine.check().raise_if_any()
        return build(engine, spine, read.catalogue(audit=True))


@pytest.fixture(scope="module")
def published(data_dir):
    """Return a function from a set's name to what loading it gives, read once."""
    seen: dict[str, sources.SourceTables] = {}

    def load(name: str) -> sources.SourceTables:
        folder: Path = data_dir(name)
        if name not in seen:
            seen[name] = sources.load(name, folder)
        return seen[name]

    return load


@pytest.mark.data
@pytest.mark.parametrize("name", ALL)
def test_the_published_files_have_their_sums(name, data_dir):
    rows = sources.verify_data_set(name, data_dir(name))
    assert {row.status for row in rows} == {"ok"}


@pytest.mark.data
@pytest.mark.parametrize("name", READABLE)
def test_published_tables_keep_the_contract(name, published):
    """Every table passes every check, every feature compiles, no name clashes with a built-in."""
    read = published(name)
    features = features_of(read)
    assert len(features) == min(5_000, len(read.tables["applications"]))
    assert not features.drop(columns="observation_id").isna().all().any()
    assert set(read.audit) | set(read.special_codes) <= set(read.stated.names)
    Catalogue((*catalogue(), *read.catalogue(audit=True)))
    for feature in read.catalogue(audit=True):
        assert feature.name.startswith(f"{feature.dimension}_")
    for table, rows in read.tables.items():
        known = {column.name for column in schema.table(table).columns}
        assert schema.table(table).extra or set(rows.columns) <= known


@pytest.mark.data
def test_berka_counts(published):
    tables = published("berka").tables
    applications, outcomes = tables["applications"], tables["outcomes"]
    assert len(tables["payments"]) == 49_102 + 30_200
    assert len(applications) == 682
    assert outcomes["bad"].sum() == 76
    assert applications["transactions"].value_counts().to_dict() == {
        "complete": 354,
        "partial": 290,
        "complete_cut_file": 38,
    }
    assert outcomes.loc[applications["transactions_complete"], "bad"].sum() == 30
    year = pd.to_datetime(applications["event_time"], unit="us").dt.year
    rate = (100 * outcomes["bad"].astype("float64").groupby(year).mean()).round(1)
    assert rate.tolist() == [20.0, 13.9, 13.3, 13.7, 13.3, 2.5]
    immature = outcomes["known_at"] > instant("1998-12-31")
    assert immature.equals(year == 1998)
    assert any("'3526882;11021;940331;\"PRIJE'" in note for note in published("berka").notes)


@pytest.mark.data
def test_berka_balances_follow_each_other(published):
    """In the restored order nearly every balance is the one before it, plus the amount."""
    payments = published("berka").tables["payments"].sort_values(["customer_id", "event_time"])
    signed = payments["amount_fen"].where(payments["direction"] == "in", -payments["amount_fen"])
    before = payments.groupby("customer_id")["balance_fen"].shift().fillna(0)
    assert (payments["balance_fen"] - signed - before).abs().le(100).mean() > 0.999


@pytest.mark.data
def test_card_counts(published):
    read = published("credit_card_approval")
    applications, outcomes = read.tables["applications"], read.tables["outcomes"]
    assert len(applications) == 36_457 - 1
    shared = applications["customer_id"].duplicated(keep=False)
    assert round(100 * shared.mean(), 1) == 91.4
    ever = read.tables["bureau"].query("months_past_due >= 2")["account_id"].nunique()
    assert round(100 * ever / len(applications), 2) == 1.69
    assert (outcomes["bad"].count(), outcomes["bad"].sum()) == (24_565, 370)
    closed = outcomes["known_at"] <= instant("2020-04-01")
    assert not outcomes.loc[~closed, "bad"].notna().any()


@pytest.mark.data
def test_taiwan_and_german_counts(published):
    taiwanese = published("taiwan").tables
    assert len(taiwanese["bureau"]) == 180_000
    assert taiwanese["outcomes"]["bad"].sum() == 6_636
    bad = published("german").tables["outcomes"]["bad"]
    assert (len(bad), bad.sum()) == (1_000, 300)
