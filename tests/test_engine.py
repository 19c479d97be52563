"""Engine: what goes in comes out exactly, or is refused by name."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.engine import Engine
from credit.errors import ConfigError, DataError, SchemaError
from credit.schema import DAY, SECOND, TableSource

NEW_YEAR = 1_704_067_200 * SECOND  # 2024-01-01 00:00 UTC
EIGHT_HOURS = 8 * 3600 * SECOND


def transfers(**columns):
    """Return two transfers as a frame, with columns replaced."""
    base = {
        "transfer_id": [1, 2],
        "customer_id": [10, 11],
        "event_time": [NEW_YEAR, NEW_YEAR + 5],
        "available_at": [NEW_YEAR + 1, NEW_YEAR + 6],
        "counterparty_id": [11, 10],
        "amount_fen": [1, 250],
    }
    return pd.DataFrame(base | columns)


@pytest.fixture
def engine(tmp_path):
    with Engine(memory_limit="500MB", threads=2, scratch=tmp_path) as opened:
        yield opened


def read_back(source, value, *, table="transfers", zone="Asia/Shanghai"):
    """Return the values of an expression over a table made from ``source``."""
    with Engine(memory_limit="500MB", threads=1, zone=zone) as opened:
        opened.add(table, source)
        return opened.frame(f"select {value} as value from {table}")["value"].tolist()


def as_source(frame, folder, **declared):
    """Write a frame (or Arrow table) to Parquet and return its source."""
    path = folder / "table.parquet"
    table = frame if isinstance(frame, pa.Table) else pa.Table.from_pandas(frame)
    pq.write_table(table, path)
    return TableSource(path=str(path), **declared)


# -- times


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            pd.to_datetime(["2024-01-01", "2024-01-01 00:00:00.000005"], format="ISO8601"),
            [NEW_YEAR, NEW_YEAR + 5],
        ),
        (
            pd.to_datetime(["2024-01-01", "2024-01-02"]).tz_localize("Asia/Shanghai"),
            [NEW_YEAR - EIGHT_HOURS, NEW_YEAR - EIGHT_HOURS + DAY],
        ),
        (
            [date(2024, 1, 1), date(2024, 1, 2)],
            [NEW_YEAR - EIGHT_HOURS, NEW_YEAR - EIGHT_HOURS + DAY],
        ),
        ([NEW_YEAR, NEW_YEAR + 1], [NEW_YEAR, NEW_YEAR + 1]),
        ([float(NEW_YEAR), float(NEW_YEAR + 1)], [NEW_YEAR, NEW_YEAR + 1]),
        (pd.to_datetime(["2024-01-01", "2024-01-02"]).as_unit("s"), [NEW_YEAR, NEW_YEAR + DAY]),
    ],
    ids=["timestamp", "zoned", "date", "integer", "double", "seconds"],
)
def test_every_kind_of_time_becomes_microseconds_utc(values, expected):
    assert read_back(transfers(event_time=values), "event_time") == expected


def test_a_date_is_midnight_in_the_engines_zone():
    days = transfers(event_time=[date(2024, 7, 1), date(2024, 1, 1)])
    assert read_back(days, "event_time", zone="UTC")[1] == NEW_YEAR
    summer, winter = read_back(days, "event_time", zone="America/New_York")
    assert winter == NEW_YEAR + 5 * 3600 * SECOND
    assert summer == 1_719_806_400 * SECOND  # 04:00 UTC: the zone's own summer time


def test_nanoseconds_are_cut_never_rounded_into_the_future():
    late = pa.array([NEW_YEAR * 1000 + 1999, -1], type=pa.timestamp("ns"))
    table = pa.Table.from_pandas(transfers().drop(columns="event_time"))
    assert read_back(table.append_column("event_time", late), "event_time") == [NEW_YEAR + 1, -1]


@pytest.mark.parametrize(("unit", "factor"), [("us", 1), ("ms", 1000), ("s", SECOND)])
def test_declared_unit_of_time(tmp_path, unit, factor):
    frame = transfers(event_time=[NEW_YEAR // factor, NEW_YEAR // factor + 1])
    source = as_source(frame, tmp_path, units={"event_time": unit})
    assert read_back(source, "event_time") == [NEW_YEAR, NEW_YEAR + factor]


def test_a_unit_that_contradicts_the_type_is_refused(tmp_path):
    frame = transfers(event_time=pd.to_datetime(["2024-01-01"] * 2))
    with pytest.raises(SchemaError, match=r"event_time: type TIMESTAMP.*declared unit 's'.*Conv"):
        read_back(as_source(frame, tmp_path, units={"event_time": "s"}), "event_time")


def test_times_written_as_text(tmp_path):
    path = tmp_path / "transfers.csv"
    head = "transfer_id,customer_id,event_time,available_at,counterparty_id,amount_fen\n"
    times = ["2024-01-01", "2024-01-01 00:00", "2024-01-01T08:00:00+08:00",
             "2024-01-01T00:00:00.5Z", str(NEW_YEAR)]  # fmt: skip
    rows = [f"{i},1,{time},2024-02-01,2,5\n" for i, time in enumerate(times)]
    path.write_text(head + "".join(rows))
    expected = [NEW_YEAR - EIGHT_HOURS, NEW_YEAR, NEW_YEAR, NEW_YEAR + SECOND // 2, NEW_YEAR]
    assert read_back(TableSource(path=str(path)), "event_time") == expected


@given(st.lists(st.integers(-(10**15), 4 * 10**15), min_size=1, max_size=5))
@settings(max_examples=15, deadline=None)
def test_timestamps_are_exact(instants):
    table = pa.table(
        {
            "application_id": list(range(len(instants))),
            "customer_id": [1] * len(instants),
            "event_time": pa.array(instants, type=pa.timestamp("us")),
            "available_at": pa.array(instants, type=pa.timestamp("us", tz="UTC")),
        }
    )
    for column in ("event_time", "available_at"):
        assert read_back(table, column, table="applications") == instants


# -- money


@given(st.integers(-(10**14), 10**14))
@settings(max_examples=20, deadline=None)
def test_yuan_of_any_type_become_the_same_fen(fen):
    text = f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"
    exact = Decimal(text)
    assert Fraction(exact) * 100 == fen
    with duckdb.connect() as connection:
        for kind in ("DOUBLE", "DECIMAL(20, 2)", "DECIMAL(38, 6)", "VARCHAR"):
            value = yuan_sql(kind)
            sql = f"SELECT {value} FROM (SELECT CAST('{text}' AS {kind}) AS x)"
            assert connection.execute(sql).fetchall() == [(fen,)], (kind, text)


def yuan_sql(kind):
    from credit.engine.reading import read
    from credit.schema import table

    column = table("transfers").column("amount_fen")
    return read(column, "x", kind.replace(" ", ""), unit="yuan", zone="UTC").value


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ([0.29, 1.1], [29, 110]),
        ([3, 4], [300, 400]),
        (["12.3", " 7 "], [1230, 700]),
        ([Decimal("0.01"), Decimal(5)], [1, 500]),
    ],
    ids=["double", "integer", "text", "decimal"],
)
def test_yuan(tmp_path, amounts, expected):
    source = as_source(transfers(amount_fen=amounts), tmp_path, units={"amount_fen": "yuan"})
    assert read_back(source, "amount_fen") == expected


@pytest.mark.parametrize(
    "amounts",
    [[1.005, 1.0], ["1.001", "1"], [Decimal("0.015"), Decimal(1)], ["1e3", "1"]],
    ids=["double", "text", "decimal", "exponent"],
)
def test_a_fraction_of_a_fen_is_refused(tmp_path, amounts):
    source = as_source(transfers(amount_fen=amounts), tmp_path, units={"amount_fen": "yuan"})
    with pytest.raises(SchemaError, match=r"amount_fen: .* breaks the rule that it is an amount in"
                                          r" yuan without fractions of a fen"):  # fmt: skip
        read_back(source, "amount_fen")


def test_yuan_taken_for_fen_are_refused_with_the_way_out():
    with pytest.raises(SchemaError, match=r"0\.5 breaks .* whole number of fen .*units = .*yuan"):
        read_back(transfers(amount_fen=[0.5, 2.0]), "amount_fen")


def test_single_precision_does_not_hold_money():
    frame = transfers(amount_fen=pd.array([1, 2], dtype="float32"))
    with pytest.raises(SchemaError, match=r"amount_fen: type FLOAT.*32-bit floats do not hold"):
        read_back(frame, "amount_fen")


# -- ids, numbers, text


def test_ids_are_integers_or_text(tmp_path):
    assert read_back(transfers(), "customer_id") == [10, 11]
    assert read_back(transfers(customer_id=["a", "b"]), "customer_id") == ["a", "b"]
    assert read_back(transfers(customer_id=pd.Categorical(["a", "b"])), "customer_id") == ["a", "b"]
    assert read_back(transfers(customer_id=[10.0, 11.0]), "customer_id") == [10, 11]
    with pytest.raises(SchemaError, match=r"customer_id: 9\.5 breaks the rule that it is an integ"):
        read_back(transfers(customer_id=[9.5, 1.0]), "customer_id")


def test_text_in_a_number_column_is_refused_and_never_null():
    with pytest.raises(SchemaError, match=r"transfers\.amount_fen: abc breaks .* whole number"):
        read_back(transfers(amount_fen=[1, "abc"]), "amount_fen")


def test_missing_values_of_every_dtype_are_null():
    for dtype in ("object", "str", "string", "category"):
        values = pd.array(["friend", None], dtype=object)
        frame = transfers(type=pd.Series(values).astype(dtype))
        assert read_back(frame, "coalesce(type, '-')") == ["friend", "-"]
    assert read_back(transfers(type=[None, None]), "coalesce(type, '-')") == ["-", "-"]


def test_columns_beyond_the_contract_are_kept_for_applications_only(engine):
    frame = pd.DataFrame(
        {
            "application_id": [1], "customer_id": [1], "event_time": [NEW_YEAR],
            "available_at": [NEW_YEAR], "grade": pd.Categorical(["A"]),
            "registered_at": pd.to_datetime(["2024-01-01"]), "ratio": [Decimal("0.5")],
        }
    )  # fmt: skip
    engine.add("applications", frame)
    engine.add("transfers", transfers(note=["x", "y"]))
    assert "note" not in engine.columns("transfers")
    columns = engine.columns("applications")
    assert columns["grade"] == "VARCHAR"
    assert columns["registered_at"] == "BIGINT"
    assert columns["ratio"] == "DOUBLE"
    assert engine.frame("select registered_at from applications").iloc[0, 0] == NEW_YEAR


# -- declaring a source


def test_mapping_unit_and_lag(tmp_path):
    frame = transfers(amount_fen=[0.01, 2.5]).rename(
        columns={"amount_fen": "yuan", "event_time": "at"}
    )
    source = as_source(
        frame.drop(columns="available_at"), tmp_path,
        columns={"amount_fen": "yuan", "event_time": "at"}, units={"amount_fen": "yuan"}, lag="6h",
    )  # fmt: skip
    assert read_back(source, "amount_fen") == [1, 250]
    assert read_back(source, "available_at - event_time") == [6 * 3600 * SECOND] * 2


def test_no_available_at_and_no_lag_is_said(tmp_path):
    source = as_source(transfers().drop(columns="available_at"), tmp_path)
    with pytest.raises(
        SchemaError, match=r"no column 'available_at' and no lag.*lag = '1d'.*no silent default"
    ):
        read_back(source, "event_time")


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"columns": {"amount": "x"}}, r"no column 'amount' in the contract.*amount_fen"),
        ({"units": {"amount_fen": "euro"}}, r"amount_fen = 'euro'.*\['fen', 'yuan'\]"),
        ({"units": {"customer_id": "us"}}, r"unit of a id column cannot be declared"),
        ({"columns": {"available_at": "event_time"}, "lag": "1d"}, r"drop one of them"),
        ({"lag": "soon"}, r"lag = 'soon'.*such as '1d'"),
    ],
)
def test_a_declaration_that_contradicts_the_contract(tmp_path, declared, message):
    with pytest.raises((SchemaError, ConfigError), match=message):
        read_back(as_source(transfers(), tmp_path, **declared), "event_time")


def test_a_lag_beside_an_available_at_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="has a column available_at and declares a lag"):
        read_back(as_source(transfers(), tmp_path, lag="1d"), "event_time")


def test_an_unknown_table_and_a_second_time(engine):
    with pytest.raises(SchemaError, match=r"no table 'transfer'.*Did you mean 'transfers'"):
        engine.add("transfer", transfers())
    engine.add("transfers", transfers())
    with pytest.raises(ConfigError, match="has the table already"):
        engine.add("transfers", transfers())


# -- files


def test_folder_glob_file_and_arrow_are_one(tmp_path):
    folder = tmp_path / "transfers" / "month=2024-01"
    folder.mkdir(parents=True)
    frame = transfers()
    for at in (0, 1):
        part = pa.Table.from_pandas(frame.iloc[[at]], preserve_index=False)
        if at:  # another order of columns is the same table
            part = part.select(part.column_names[::-1])
        pq.write_table(part, folder / f"{at}.parquet")
    (folder / ".partial.parquet").write_text("left by an interrupted program")
    expected = read_back(frame, "amount_fen")
    assert read_back(pa.Table.from_pandas(frame), "amount_fen") == expected
    assert read_back(TableSource(path=str(tmp_path / "transfers")), "amount_fen") == expected
    assert read_back(TableSource(path=str(folder / "[0-9].parquet")), "amount_fen") == expected


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv(tmp_path, delimiter):
    text = transfers(type=["a\nb", None]).to_csv(index=False, sep=delimiter)
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(text.encode("utf-8-sig")))
    source = TableSource(path=str(path))
    assert read_back(source, "amount_fen") == [1, 250]
    assert read_back(source, "customer_id") == [10, 11]
    assert read_back(source, "coalesce(type, '-')") == ["a\nb", "-"]


def test_csv_ids_with_leading_zeros_stay_text_and_extra_columns_get_types(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "application_id,customer_id,event_time,available_at,income,rate,since,word\n"
        "1,007,2024-01-01 00:00,2024-01-01 00:00,5,0.5,2024-01-01,a\n"
        "2,7,2024-01-01 00:00,2024-01-01 00:00,,1e-3,2024-01-02,1\n"
    )
    with Engine(zone="UTC") as engine:
        engine.add("applications", TableSource(path=str(path)))
        assert engine.columns("applications") == {
            "application_id": "BIGINT", "customer_id": "VARCHAR", "event_time": "BIGINT",
            "available_at": "BIGINT", "income": "BIGINT", "rate": "DOUBLE", "since": "BIGINT",
            "word": "VARCHAR",
        }  # fmt: skip
        assert engine.frame("select since from applications")["since"].tolist() == [
            NEW_YEAR, NEW_YEAR + DAY,
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", "a,b\n1,2\n3\n", r"transfers: cannot read .*t\.csv: CSV Error on Line: 3"),
        ("t.csv", 'a,b\n1,2\n3,"x\n', r"Line: 3.*unterminated quote"),
        ("t.csv", "", r"first line of .*t\.csv must name every column once"),
        ("t.csv", "a,a\n1,2\n", r"first line of .*t\.csv must name every column once"),
        ("t.xlsx", "x", r"must all be Parquet .* or all CSV"),
        ("t.parquet", "x" * 50, r"No magic bytes"),
    ],
)
def test_an_unreadable_file_is_said_when_asked(tmp_path, engine, name, content, message):
    path = tmp_path / name
    path.write_text(content)
    engine.add("transfers", TableSource(path=str(path)))
    with pytest.raises(SchemaError, match=message):
        engine.frame("select * from transfers")


def test_a_file_that_is_not_utf8(tmp_path, engine):
    path = tmp_path / "t.csv"
    path.write_bytes("借款\n".encode("gbk"))
    engine.add("transfers", TableSource(path=str(path)))
    with pytest.raises(SchemaError, match=r"cannot read .*t\.csv.*utf-8"):
        engine.columns("transfers")


def test_csv_files_of_one_table_share_a_header(tmp_path, engine):
    for name, head in (("1.csv", "a,b"), ("2.csv", "b,a")):
        (tmp_path / name).write_text(f"{head}\n1,2\n")
    engine.add("transfers", TableSource(path=str(tmp_path / "*.csv")))
    with pytest.raises(SchemaError, match="has another header than"):
        engine.columns("transfers")


def test_a_file_truncated_in_the_middle(tmp_path, engine):
    path = tmp_path / "transfers.parquet"
    transfers().to_parquet(path)
    raw = bytearray(path.read_bytes())
    raw[4:40] = bytes(36)
    path.write_bytes(raw)
    engine.add("transfers", TableSource(path=str(path)))
    report = engine.check()
    assert [violation.rule for violation in report.violations] == ["its source can be read"]
    with pytest.raises(SchemaError, match="transfers"):
        report.raise_if_any()


def test_add_directory(tmp_path, engine):
    with pytest.raises(DataError, match=r"no table of the contract.*<name>\.parquet"):
        engine.add_directory(tmp_path)
    transfers().to_parquet(tmp_path / "transfers.parquet")
    (tmp_path / "tags").mkdir()
    tags = transfers()[["customer_id", "event_time", "available_at"]].assign(
        tag_id=[1, 2], tag="late"
    )
    tags.to_parquet(tmp_path / "tags" / "0.parquet")
    transfers().to_parquet(tmp_path / "truth.parquet")
    engine.add_directory(tmp_path)
    assert engine.tables == ("transfers", "tags")


def test_frames_are_copied(engine):
    frame = transfers()
    engine.add("transfers", frame)
    frame.loc[0, "amount_fen"] = 99
    assert engine.frame("select max(amount_fen) as m from transfers")["m"].item() == 250


# -- asking and writing


def test_helpers_lookups_and_columns(engine):
    engine.add("transfers", transfers())
    engine.temporary("spine", pd.DataFrame({"q": [1]}))
    engine.temporary("spine", pd.DataFrame({"q": [2, 3]}))
    engine.temporary("doubled", "select 2 * amount_fen as x from transfers")
    engine.add_lookup("merchant_categories", pd.DataFrame({"mcc": [1], "category": ["living"]}))
    assert engine.tables == ("transfers",)
    assert engine.has("spine") and not engine.has("other")
    assert engine.columns("spine") == {"q": "BIGINT"}
    assert engine.frame("select sum(q)::bigint as s from spine")["s"].item() == 5
    assert engine.frame("select x from doubled order by x")["x"].tolist() == [2, 500]
    with pytest.raises(ConfigError, match="is a table of the contract"):
        engine.temporary("payments", pd.DataFrame({"q": [1]}))
    with pytest.raises(SchemaError, match=r"payments: no such table here\. There are"):
        engine.columns("payments")


def test_batches_stream_while_other_queries_run(engine):
    reader = engine.batches("select range as i from range(250000) order by i", rows=100_000)
    assert engine.frame("select 1 as one")["one"].item() == 1
    sizes = [batch.num_rows for batch in reader]
    assert max(sizes) <= 100_000
    assert sum(sizes) == 250_000
    again = engine.batches("select range as i from range(250000) order by i").read_all()
    assert again.column("i").to_pylist() == list(range(250_000))
    with pytest.raises(ConfigError, match="rows must be at least 1"):
        engine.batches("select 1", rows=0)


def test_a_bad_value_met_while_streaming_is_refused_by_name(engine):
    engine.add("transfers", transfers(amount_fen=["1", "x"]))
    with pytest.raises(SchemaError, match=r"amount_fen: x breaks the rule"):
        engine.batches("select amount_fen from transfers").read_all()
    late = "select case when range = 900000 then error('stop here') end from range(1000000)"
    with pytest.raises(DataError, match="cannot be run: stop here"):
        engine.batches(late).read_all()


def test_write_is_whole_or_nothing(engine, tmp_path):
    path = tmp_path / "out" / "t.parquet"
    assert engine.write("select range as i from range(1000)", path) == 1000
    assert pq.read_table(path).num_rows == 1000
    before = path.read_bytes()
    with pytest.raises(DataError, match="cannot be run: stop here"):
        engine.write(
            "select case when range = 900000 then error('stop here') else range end as i "
            "from range(1000000)",
            path,
        )
    assert path.read_bytes() == before
    assert [left.name for left in path.parent.iterdir()] == ["t.parquet"]


def test_an_interrupt_leaves_nothing(engine, tmp_path, monkeypatch):
    def interrupted(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        engine.write("select 1 as i", tmp_path / "out" / "t.parquet")
    assert list((tmp_path / "out").iterdir()) == []


def test_work_larger_than_memory_is_spilled(tmp_path):
    with Engine(memory_limit="40MB", threads=1, scratch=tmp_path) as engine:
        path = tmp_path / "big.parquet"
        engine.write("select range as i, hash(range)::varchar as h from range(600000)", path)
        sql = f"select i, h from read_parquet('{path}') order by h"
        assert sum(batch.num_rows for batch in engine.batches(sql)) == 600_000
    assert [left.name for left in tmp_path.iterdir()] == ["big.parquet"]


def test_what_does_not_fit_says_what_to_do(tmp_path):
    with Engine(memory_limit="20MB", threads=1) as engine, pytest.raises(
        DataError, match=r"does not fit the memory limit.*Raise memory_limit"
    ):  # fmt: skip
        engine.frame("select list(range) as l from range(20000000)")


def test_progress_is_reported_and_ends_with_everything():
    seen = []
    with Engine(progress=lambda step, share: seen.append((step, share))) as engine:
        sql = "select sum(sin(range)) as s from range(20000000)"
        engine.frame(sql, step="sines")
    assert seen[-1] == ("sines", 1.0)
    assert all(0 <= share <= 1 for _, share in seen)


def test_options_are_checked(tmp_path):
    with pytest.raises(ConfigError, match="memory_limit = 'much'"):
        Engine(memory_limit="much")
    with pytest.raises(ConfigError, match="threads must be at least 1, got 0"):
        Engine(threads=0)
    with pytest.raises(ConfigError, match=r"zone = 'Mars/Base': no such time zone"):
        Engine(zone="Mars/Base", scratch=tmp_path)
    with pytest.raises(ConfigError, match=r"scratch = .*no such folder"):
        Engine(scratch=tmp_path / "absent")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_downloaded(engine):
    with pytest.raises(DataError, match="cannot be run"):
        engine.frame("select * from read_parquet('https://example.org/x.parquet')")


def test_a_zone_of_utc_needs_no_calendar_extension():
    with Engine(zone="UTC") as engine:
        engine.add("transfers", transfers(event_time=[date(2024, 1, 1), date(2024, 1, 2)]))
        plan = str(engine.rows("EXPLAIN SELECT event_time FROM transfers"))
        assert "timezone" not in plan


def test_instants_agree_with_the_standard_library():
    moments = [
        datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2024, 2, 29, tzinfo=UTC),
    ]
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    expected = [(moment - epoch) // timedelta(microseconds=1) for moment in moments]
    assert read_back(transfers(event_time=moments), "event_time") == expected
