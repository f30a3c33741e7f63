"""Checks an evidence pack of the tracker with nothing but Python 3: `python check.py` in the folder where the pack was unpacked.

Written to be read. Every day of days.jsonl holds what was frozen that day. Its hash is SHA-256 over the hash of the day before (for the
first day: 32 zero bytes) followed by a JSON text: the list [day, taken_at, parameters, counts], from format 2 on also totals, systems and
lines; without spaces, keys of objects sorted, letters as they are, in UTF-8. So no day can be changed, left out or put in later without
every hash after it changing. The newest hash is in manifest.json; compare it with one that was printed on a signed report.

The public part (`public/public.jsonl`, also alone: `python check.py public`) has each day's hashes and the figures in tens, or nothing
where fewer than ten people reached the top rung or fewer than ten did not.
"""

import hashlib
import json
import pathlib
import sys
from typing import Any

RUNGS = ("B0", "B1", "B2", "B3", "B4", "B5", "B6")


def hash_of(previous: str, one: dict[str, Any]) -> str:
    """The hash that a day must have."""
    told = [one["day"], one["taken_at"], one["parameters"], one["counts"]]
    if one["parameters"].get("format", 1) > 1:
        told += [one["totals"], one["systems"], one["lines"]]
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(bytes.fromhex(previous) + text.encode()).hexdigest()


def headline_of(one: dict[str, Any]) -> tuple[int, int, int]:
    """People (D0), entitled (D1) and entitled on B6, counted anew from the counts by unit, category and rung."""
    people = entitled = seamless = 0
    for count in one["counts"]:
        _unit, category, rung, _level, number = count[:5]
        assert rung in RUNGS, rung
        if category == "hop_dong" and not one["parameters"]["counts_contract_staff"]:
            continue
        may_enter = (count[5] or 0) if len(count) > 5 else 0
        people += number
        entitled += may_enter
        seamless += may_enter if rung == "B6" else 0
    return people, entitled, seamless


def in_tens(entitled: int, seamless: int) -> list[int | None]:
    """The two figures as the public part must have them."""
    rest = entitled - seamless
    if entitled < 10 or 0 < seamless < 10 or 0 < rest < 10:
        return [None, None]
    full = seamless // 10 * 10
    return [full + -(-rest // 10) * 10, full]


def read_lines(path: pathlib.Path) -> list[dict[str, Any]]:
    """A JSON object for each line; none when there is no such file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def check(folder: pathlib.Path) -> list[str]:
    """Return what is wrong, as sentences; none: all holds."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    days = read_lines(folder / "days.jsonl")
    public = read_lines(folder / "public" / "public.jsonl") or read_lines(folder / "public.jsonl")
    wrong = check_chain(days, manifest) if days else []
    for one in days:
        wrong += check_day(one)
    wrong += check_chain(public, manifest)
    shown = {one["day"]: (one["hash"], [one["entitled"], one["seamless"]]) for one in public}
    for one in days:
        if shown.get(one["day"]) != (one["hash"], in_tens(*headline_of(one)[1:])):
            wrong.append(f"{one['day']}: the public part tells something else")
    return wrong


def check_chain(days: list[dict[str, Any]], manifest: dict[str, Any]) -> list[str]:
    """Whether each day follows the one before it, up to the newest that the manifest names."""
    wrong, previous = [], "00" * 32
    for one in days:
        if one["previous_hash"] != previous:
            wrong.append(f"{one['day']}: does not follow the day before it")
        previous = one["hash"]
    if (len(days), previous) != (manifest["days"], manifest["newest_hash"]):
        wrong.append("the manifest names other days or another newest hash")
    return wrong


def check_day(one: dict[str, Any]) -> list[str]:
    """Whether one day is what was frozen, and its totals those of its counts."""
    wrong = []
    if hash_of(one["previous_hash"], one) != one["hash"]:
        wrong.append(f"{one['day']}: is not what was frozen")
    if one["parameters"].get("format", 1) > 1:
        whole = [total for total in one["totals"] if total[0] == "whole"]
        if len(whole) != 1 or (whole[0][7], whole[0][8], whole[0][18]) != headline_of(one):
            wrong.append(f"{one['day']}: the totals are not those of the counts")
    return wrong


def main() -> int:
    """Check the pack in this folder and say so."""
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
    wrong = check(folder if folder.is_dir() else folder.parent)
    sys.stdout.write(("\n".join(wrong) or "Everything holds.") + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
