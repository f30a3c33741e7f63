"""What has not changed in the directory is not changed here."""

import json

from tests.support.demo import Demo


def test_a_second_sync_changes_nothing(demo: Demo) -> None:
    demo.sync()
    report = demo.sync()
    assert report["state"] == "unchanged"
    assert report["people_read"] >= 280
    assert not [report[count] for count in ("joined", "changed", "moved", "suspended", "returned", "units_changed") if report.get(count)]
    runs = json.loads(demo.hopnhat("sync", "runs", "--json").stdout)
    assert report["number"] in [run["number"] for run in runs]


def test_the_first_sync_brought_everybody_in_and_is_kept(demo: Demo) -> None:
    first = json.loads(demo.hopnhat("sync", "show", "1", "--json").stdout)
    assert first["run"]["joined"] >= 280 if "run" in first else first["joined"] >= 280
