"""Rules of the style sheets."""

import re

import pytest

from idp.web.sheets import CONSOLE_SHEET, INLINE_SHEET, compact, with_literals


def test_each_use_of_a_token_has_its_literal_value_in_front_for_old_browsers() -> None:
    assert with_literals(":root{--ink:#111}p{color:var(--ink);margin:0}") == ":root{--ink:#111}p{color:#111;color:var(--ink);margin:0}"


@pytest.mark.parametrize("sheet", [str(INLINE_SHEET), CONSOLE_SHEET])
def test_no_sheet_loads_anything_or_says_what_an_old_browser_would_drop_a_whole_rule_for(sheet: str) -> None:
    assert "url(" not in sheet
    assert "@import" not in sheet
    assert "expression" not in sheet
    for name in re.findall(r"var\((--[\w-]+)\)", sheet):
        assert f"{name}:" in sheet, name
    assert ":has(" not in sheet
    assert "@container" not in sheet


def test_white_space_is_taken_out_without_changing_selectors() -> None:
    assert compact("a:hover , b > c { color: red ; } /* x */\n d e { margin: 0 1px }") == "a:hover,b>c{color:red}d e{margin:0 1px}"
