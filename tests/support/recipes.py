"""What the integration guide tells people to type, read from the documents themselves, with the test's addresses in place of examples."""

import re
import shlex
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "integration"
_MARKED = re.compile(r"<!-- recipe: (\S+) -->\n```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
_WIZARD = re.compile(r"<!-- wizard -->\n(?:\|.*\n){2}((?:\|.*\n)+)")
_COMMANDS = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)


class Recipe:
    """One document. `replaced`: what stands in it → what this test has instead; each must be there."""

    def __init__(self, document: str, replaced: dict[str, str]) -> None:
        self._text = (FOLDER / document).read_text()
        for example, real in replaced.items():
            assert example in self._text, f"{document} no longer says {example!r}"
            self._text = self._text.replace(example, real)

    def file(self, name: str) -> str:
        """The content of a file that the document shows."""
        files: dict[str, str] = dict(_MARKED.findall(self._text))
        return files[name]

    def wizard(self) -> list[tuple[str, str, str]]:
        """What is filled in at the console: page, label, and what to enter."""
        found = _WIZARD.search(self._text)
        assert found, "the document has no table of the wizard"
        rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in found.group(1).splitlines()]
        return [(page, field, entered) for page, field, entered in rows]

    def command(self, start: str) -> list[str]:
        """The arguments of the command that begins so."""
        written = "\n".join(_COMMANDS.findall(self._text)).replace("\\\n", " ")
        line = next(line for line in written.splitlines() if line.startswith(start))
        return shlex.split(line)
