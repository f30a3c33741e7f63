"""Rules by path of a site that a proxy guards: which part is open, which asks for more; the first that fits decides.

A rule is one line: `METHODS PATTERN WHO [acr=…] [max_age=…]`, as `GET|HEAD /static/** public` or `* /duyet/** role:hr_officer acr=aal2`.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from flask_babel import gettext as _

from clients.metadata import ACR
from clients.refusals import InvalidMetadata
from clients.request_paths import LONGEST, UnclearPath, clear_path

PUBLIC, SIGNED_IN, NOBODY = "public", "signed-in", "nobody"
OPENINGS = (PUBLIC, SIGNED_IN, NOBODY)
SUBJECTS = ("unit", "category", "role", "app-role", "person")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
MOST_RULES, MOST_SUBJECTS, LONGEST_AGE = 200, 50, 366 * 86400  # the last in seconds
_SUBJECT = re.compile(r"(unit|category|role|app-role|person):([\w.:/@-]{1,64})")
_MAX_AGE = re.compile(r"[0-9]{1,8}")


@dataclass(frozen=True)
class PathRule:
    """One rule. `methods`: empty means all. `opens`: to everybody, to whoever is signed in and may enter, to nobody, or "" to those of
    `subjects` among these, each a kind and a name. `acr`: at least this, "" for no more than the site asks anyway; `max_age` seconds."""

    methods: frozenset[str]
    pattern: str
    opens: str
    subjects: tuple[tuple[str, str], ...] = ()
    acr: str = ""
    max_age: int | None = None

    def fits(self, method: str, path: str) -> bool:
        """Whether it is about this request. A rule that opens to everybody takes a path only as it is written; the others take it
        in upper and lower case and with a slash at its end, as the application behind may."""
        if self.methods and method not in self.methods and not (method == "HEAD" and "GET" in self.methods):
            return False
        return self.fits_path(path)

    def fits_path(self, path: str) -> bool:
        """Whether it is about this path, by some method."""
        return _expression(self.pattern, is_strict=self.opens == PUBLIC).fullmatch(path) is not None


def check_rules(written: tuple[str, ...]) -> tuple[str, ...]:
    """The rules in their order, each in its one way of writing. Raises InvalidMetadata for one that is none."""
    if len(written) > MOST_RULES:
        raise InvalidMetadata(_("Một ứng dụng có nhiều nhất %(most)s quy tắc theo đường dẫn.", most=MOST_RULES))
    return tuple(dict.fromkeys(write_rule(read_rule(line)) for line in written))


def first_fitting(written: tuple[str, ...], method: str, path: str) -> PathRule | None:
    """The rule that decides about a request, whose path is a clear one; None: no rule is about it. A method that rules have no name for
    gets nowhere that a rule for single methods narrows: many programs answer it like GET."""
    is_unnamed = method not in METHODS
    for rule in map(_kept_rule, written):
        if rule.fits(method, path):
            return rule
        if is_unnamed and rule.opens != PUBLIC and rule.fits_path(path):
            return PathRule(frozenset(), rule.pattern, NOBODY)
    return None


def write_rule(rule: PathRule) -> str:
    """The rule as a line."""
    methods = "|".join(method for method in METHODS if method in rule.methods) or "*"
    who = rule.opens or "|".join(f"{kind}:{name}" for kind, name in rule.subjects)
    more = ([f"acr={rule.acr}"] if rule.acr else []) + ([f"max_age={rule.max_age}"] if rule.max_age is not None else [])
    return " ".join([methods, rule.pattern, who, *more])


def read_rule(line: str) -> PathRule:
    """The rule that a line says. Raises InvalidMetadata."""
    parts = line.split()
    if len(parts) < 3:
        raise InvalidMetadata(_("Quy tắc “%(line)s” phải có dạng: PHƯƠNG-THỨC ĐƯỜNG-DẪN AI [acr=…] [max_age=…].", line=line[:200]))
    opens, subjects = _read_who(parts[2])
    acr, max_age = _read_more(parts[3:])
    if opens in (PUBLIC, NOBODY) and (acr or max_age is not None):
        raise InvalidMetadata(_("Phần mở cho mọi người hoặc đóng với mọi người thì không đòi mức xác thực."))
    return PathRule(_read_methods(parts[0]), _checked_pattern(parts[1]), opens, subjects, acr, max_age)


_kept_rule = lru_cache(maxsize=4096)(read_rule)


def _read_methods(written: str) -> frozenset[str]:
    methods = frozenset() if written == "*" else frozenset(written.upper().split("|"))
    if not methods <= set(METHODS):
        raise InvalidMetadata(_("Phương thức là * hoặc một số trong: %(names)s, cách nhau bằng dấu |.", names=" ".join(METHODS)))
    return methods


def _read_who(written: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    if written in OPENINGS:
        return written, ()
    named = [_SUBJECT.fullmatch(part) for part in written.split("|")]
    if len(named) > MOST_SUBJECTS or not all(named):
        raise InvalidMetadata(
            _("Ai được vào là public, signed-in, nobody, hoặc unit:, category:, role:, app-role:, person: kèm tên, cách nhau bằng dấu |.")
        )
    return "", tuple(dict.fromkeys((match[1], match[2]) for match in named if match))


def _read_more(parts: list[str]) -> tuple[str, int | None]:
    told = dict(part.partition("=")[::2] for part in parts)
    if len(told) != len(parts) or not told.keys() <= {"acr", "max_age"}:
        raise InvalidMetadata(_("Sau phần ai được vào chỉ có acr=aal2 hoặc aal3 và max_age=số giây."))
    acr, max_age = told.get("acr", ""), told.get("max_age")
    level = {value: name for name, value in ACR.items()}.get(acr, acr)
    if level and level not in ACR:
        raise InvalidMetadata(_("Mức xác thực là aal1, aal2 hoặc aal3."))
    if max_age is not None and (not _MAX_AGE.fullmatch(max_age) or int(max_age) > LONGEST_AGE):
        raise InvalidMetadata(_("max_age là số giây, tối đa một năm."))
    return level, None if max_age is None else int(max_age)


def _checked_pattern(pattern: str) -> str:
    """`*` stands for a part between two slashes, `/**` at the end for all that is below, and the place itself."""
    below = pattern.endswith("/**")
    rest = pattern.removesuffix("/**") if below else pattern
    try:
        is_clear = rest == "" or clear_path(rest.replace("*", "x")) == rest.replace("*", "x")
    except UnclearPath:
        is_clear = False
    if not is_clear or (rest == "" and not below) or "**" in rest or "%" in rest or "?" in rest or len(pattern) > LONGEST:
        raise InvalidMetadata(
            _(
                "Đường dẫn “%(pattern)s” phải bắt đầu bằng /, không mã hóa; * là một đoạn, /** ở cuối là mọi thứ bên dưới.",
                pattern=pattern[:200],
            )
        )
    return pattern


@lru_cache(maxsize=4096)
def _expression(pattern: str, *, is_strict: bool) -> re.Pattern[str]:
    below = pattern.endswith("/**")
    rest = pattern.removesuffix("/**") if below else pattern
    written = "[^/]*".join(map(re.escape, rest.split("*")))
    end = "(?:/.*)?" if below else "" if is_strict else "/?"
    return re.compile(written + end, re.NOFLAG if is_strict else re.IGNORECASE)
