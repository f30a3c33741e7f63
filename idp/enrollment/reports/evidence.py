"""The evidence pack: what a supervisor needs to count and check every frozen figure anew, without this product and without a name.

It holds aggregates by unit, category and rung only: nobody's name, number or address. Its public part holds no group of fewer than ten:
the chain of hashes, the rules and the figures in tens, which the script holds against the counts where it has them.
"""

import json
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, select

from idp import clock
from idp.database import table_of
from idp.enrollment.models import Snapshot
from idp.enrollment.reports import checker
from idp.enrollment.reports.suppression import in_tens, publishable
from idp.enrollment.rungs import LABELS, RULES_VERSION, Rung
from idp.enrollment.snapshot_hash import LINE_COLUMNS, SYSTEM_COLUMNS, TOTAL_COLUMNS, told_of
from idp.enrollment.snapshots import read_contents
from idp.settings import current_settings

_s = table_of(Snapshot)
READ_ME = """Gói bằng chứng số liệu xác thực định danh điện tử
Evidence pack of the electronic-authentication tracker

manifest.json  phiên bản quy tắc, số ngày, mã kiểm chứng mới nhất / version of the rules, days, newest hash
rules.json     định nghĩa các bậc / what each rung is
public/        phần công bố được: chuỗi mã kiểm chứng và số liệu làm tròn hàng chục / may be published: hashes, figures in tens
days.jsonl     chỉ cho cơ quan giám sát; mỗi dòng một ngày: tham số, số đếm, mã kiểm chứng / for the supervisor: a line a day, parameters, counts, hashes
check.py       kiểm tra lại bằng Python 3, không cần phần mềm nào khác: python check.py (hoặc python check.py public)

Không có dữ liệu cá nhân: chỉ số đếm theo đơn vị, loại cán bộ và bậc.
No personal data: only counts by unit, category and rung.
"""


def evidence_pack(connection: Connection, into: IO[bytes], until: date) -> None:
    """Write the pack of all days up to this one as a ZIP file."""
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as pack:
        count, newest_hash, rules, public = 0, "00" * 32, RULES_VERSION, list[str]()
        with pack.open("days.jsonl", "w") as lines:
            for one in told_days(connection, until):
                lines.write((json.dumps(one, ensure_ascii=False, sort_keys=True) + "\n").encode())
                count, newest_hash = count + 1, one["hash"]
                rules = one["parameters"].get("rules_version", rules)
                public.append(json.dumps(public_day(one), ensure_ascii=False, sort_keys=True) + "\n")
        manifest = {
            "organization": current_settings().organization_name, "issuer": current_settings().issuer, "made_at": clock.now().isoformat(),
            "rules_version": rules, "days": count, "until": until.isoformat(), "newest_hash": newest_hash,
        }  # fmt: skip
        columns = {"totals": TOTAL_COLUMNS, "systems": SYSTEM_COLUMNS, "lines": LINE_COLUMNS}
        meanings = {"rungs": {rung.value: str(LABELS[rung]) for rung in Rung}, "columns": columns}
        for folder in ("", "public/"):
            pack.writestr(f"{folder}manifest.json", json.dumps(manifest, ensure_ascii=False, indent=2))
            pack.writestr(f"{folder}rules.json", json.dumps(meanings, ensure_ascii=False, indent=2))
            pack.writestr(f"{folder}check.py", Path(checker.__file__).read_text("utf-8"))
        pack.writestr("public/public.jsonl", "".join(public))
        pack.writestr("README.txt", READ_ME)


def public_day(one: dict[str, Any]) -> dict[str, Any]:
    """What everybody may know of a told day: its place in the chain, the rules, and the whole in tens (None: too few)."""
    _people, entitled, seamless = checker.headline_of(one)
    shown = in_tens(entitled, seamless) if publishable(entitled, seamless) else (None, None)
    named = ("rules_version", "recent_days", "entry_days", "counts_contract_staff", "systems_in_scope", "integrated_systems", "milestones")
    return {
        "day": one["day"], "previous_hash": one["previous_hash"], "hash": one["hash"], "entitled": shown[0], "seamless": shown[1],
        "parameters": {name: one["parameters"].get(name) for name in named},
    }  # fmt: skip


def told_days(connection: Connection, until: date) -> Iterator[dict[str, Any]]:
    """Each day with everything that its hash covers, oldest first."""
    for head in connection.execute(select(_s).where(_s.c.day <= until).order_by(_s.c.day)).all():
        told = told_of(head.day, head.taken_at, head.parameters, read_contents(connection, head.day))
        names = ("day", "taken_at", "parameters", "counts", "totals", "systems", "lines")
        yield {**dict(zip(names, told, strict=False)), "previous_hash": head.previous_hash.hex(), "hash": head.hash.hex()}
