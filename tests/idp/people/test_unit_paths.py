"""Rules of the way to a unit: what tells two units of one name apart."""

from flask import Flask

from idp.people.unit_paths import place_of
from idp.roles.models import Role
from tests.support.people import add_person, add_unit
from tests.support.signed_in import browser_of, words_of


def test_of_units_with_one_name_the_agency_is_told_and_the_group_at_the_top_is_not(app: Flask) -> None:
    top = add_unit("Cấp tỉnh", code="02")
    agencies = [add_unit(name, code=code, parent_id=top) for name, code in (("Sở Nội vụ", "S01"), ("Sở Tư pháp", "S02"))]
    offices = [add_unit("Văn phòng", code=code, parent_id=above) for code, above in zip(("S0101", "S0201"), agencies, strict=True)]
    assert [place_of(office) for office in offices] == ["Sở Nội vụ", "Sở Tư pháp"]
    assert [place_of(agencies[0]), place_of(top), place_of(None)] == ["", "", ""]
    for number, office in enumerate(offices):
        add_person(f"vanlo{number}", f"Lò Văn {number}", unit_id=office)
    shown = words_of(browser_of(app, Role.HR_OFFICER).get("/console/people?q=lo+van"))
    assert "Sở Nội vụ" in shown
    assert "Sở Tư pháp" in shown
