"""Rules of what commands print."""

import pytest

from idp.command_line import show_table


@pytest.mark.parametrize("name", ["[/bold] [red]x[/red]", "[link=http://evil.test]y", "[/]", "a[b"])
def test_markup_in_a_name_is_printed_as_it_stands(capsys: pytest.CaptureFixture[str], name: str) -> None:
    show_table(["Name"], [[name], [{"title": name}]], "")
    assert f" {name} " in capsys.readouterr().out


def test_nothing_in_a_name_moves_or_renames_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(["Name"], [["\x1b]0;x\x07\x1b[2J\x9b31m\u202eTên\nhai"]], "")
    printed = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(printed)
    assert "Tên" in printed
    assert "hai" in printed
