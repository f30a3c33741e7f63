"""The demo directory's memory: a file with one line a change, so that a personnel change survives a restart."""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from directory_sync.demo.entries import Entry, Tree, key_of


def open_tree(path: Path, suffix: str, origin: dict[str, Any], make: Callable[[Tree], object]) -> Tree:
    """The tree kept in the file when it was made from the same `origin`, else a new one made by `make`; written afresh, then
    every further change is added at the end of the file."""
    tree = Tree(suffix)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    if lines and _read(lines[0]) == {"origin": origin}:
        for line in lines[1:]:
            _repeat(tree, _read(line))
    else:
        make(tree)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        _write(file.write, {"origin": origin}, *(_line(("put", entry)) for entry in tree.below(tree.suffix_key)))
    os.replace(fresh, path)
    journal = path.open("a", encoding="utf-8", buffering=1)
    tree.tell = lambda change: _write(journal.write, _line(change))
    return tree


def _write(write: Callable[[str], object], *lines: dict[str, Any]) -> None:
    for line in lines:
        write(json.dumps(line, ensure_ascii=False) + "\n")


def _read(line: str) -> dict[str, Any]:
    try:
        return dict(json.loads(line))
    except ValueError:
        return {}  # the process was killed while it wrote this line: the change was never confirmed


def _line(change: tuple[Any, ...]) -> dict[str, Any]:
    if change[0] == "put":
        entry: Entry = change[1]
        return {"put": entry.dn, "attributes": {a.name: [_to_json(value) for value in a.values] for a in entry.attributes.values()}}
    return {"delete": change[1]} if change[0] == "delete" else {"rename": change[1], "to": change[2]}


def _repeat(tree: Tree, line: dict[str, Any]) -> None:
    if "put" in line:
        entry = Entry(line["put"], key_of(line["put"]))
        for name, values in line["attributes"].items():
            entry.put(name, map(_from_json, values))
        tree.put(entry)
    elif "delete" in line:
        tree.forget(tree.require(line["delete"]))
    elif "rename" in line:
        tree.move(tree.require(line["rename"]), line["to"])


def _to_json(value: bytes) -> str | dict[str, str]:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _from_json(value: str | dict[str, str]) -> bytes:
    return value.encode() if isinstance(value, str) else base64.b64decode(value["base64"])
