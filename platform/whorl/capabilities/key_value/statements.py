"""The SQL of the SQLite backend: Spin's table, ours beside it, and what is asked of them.

Reads of values take the time in milliseconds as their last parameter and leave out what has expired by then.
"""
# ruff: noqa: S608 - every piece is a constant of this file

_TRIGGERS = tuple(
    f"CREATE TRIGGER IF NOT EXISTS whorl_key_value_{event.lower()} AFTER {event} ON spin_key_value BEGIN"
    f" DELETE FROM whorl_key_value_expiry WHERE store = {row}.store AND key = {row}.key; END"
    for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
)
SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS spin_key_value
    (store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (store, key))
    """,
    """
    CREATE TABLE IF NOT EXISTS whorl_key_value_expiry
    (store TEXT NOT NULL, key TEXT NOT NULL, expires_at INTEGER NOT NULL, PRIMARY KEY (store, key)) WITHOUT ROWID
    """,
    "CREATE INDEX IF NOT EXISTS whorl_key_value_expiry_by_time ON whorl_key_value_expiry (expires_at)",
    *_TRIGGERS,
)

_ALIVE = """
    AND NOT EXISTS (SELECT 1 FROM whorl_key_value_expiry AS e
    WHERE e.store = v.store AND e.key = v.key AND e.expires_at <= ?)
"""
GET = f"SELECT value FROM spin_key_value AS v WHERE store = ? AND key = ? {_ALIVE}"
EXISTS = f"SELECT 1 FROM spin_key_value AS v WHERE store = ? AND key = ? {_ALIVE}"

_KEYS = """
    SELECT typeof(key), key, EXISTS
    (SELECT 1 FROM whorl_key_value_expiry AS e WHERE e.store = v.store AND e.key = v.key AND e.expires_at <= ?)
    FROM spin_key_value AS v WHERE store = ?
"""
KEYS = f"{_KEYS} ORDER BY key"
"""Every key in order, its type, and whether it has expired; the time is the first parameter."""
KEYS_AFTER = {b"text": f"{_KEYS} AND key > CAST(? AS TEXT) ORDER BY key", b"blob": f"{_KEYS} AND key > ? ORDER BY key"}
"""The same for those behind a key of this type, which is the last parameter, as bytes."""

SET = """
    INSERT INTO spin_key_value (store, key, value) VALUES (?, ?, ?)
    ON CONFLICT (store, key) DO UPDATE SET value = excluded.value
"""
DELETE = "DELETE FROM spin_key_value WHERE store = ? AND key = ?"

EXPIRES_AT = "SELECT expires_at FROM whorl_key_value_expiry WHERE store = ? AND key = ?"
EXPIRE = "INSERT OR REPLACE INTO whorl_key_value_expiry (store, key, expires_at) VALUES (?, ?, ?)"
PURGE = """
    DELETE FROM spin_key_value WHERE (store, key) IN
    (SELECT store, key FROM whorl_key_value_expiry WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)
"""
