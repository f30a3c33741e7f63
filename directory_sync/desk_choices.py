"""What may be decided of each kind of case; no other word is taken, from no page and no command."""

from directory_sync.desk_models import CaseKind, Choice

CHOICES: dict[CaseKind, tuple[Choice, ...]] = {
    CaseKind.NO_NUMBER: (Choice.SAME, Choice.NEW, Choice.KEEP_OUT),
    CaseKind.NUMBER_NOT_UNIQUE: (Choice.SAME, Choice.NEW, Choice.KEEP_OUT),
    CaseKind.REHIRE: (Choice.SAME, Choice.SAME_ANEW, Choice.NEW, Choice.KEEP_OUT),
    CaseKind.NUMBER_IN_USE: (Choice.SECOND_POST, Choice.NEW, Choice.KEEP_OUT),
    CaseKind.SHARED_NUMBER: (Choice.FINE,),
    CaseKind.SHARED_USERNAME: (Choice.FINE,),
    CaseKind.SHARED_MAIL: (Choice.FINE,),
    CaseKind.SAME_MARK: (Choice.FINE,),
    CaseKind.SUSPENDED_HERE: (Choice.FINE, Choice.RESTORE),
}
NEEDS_A_PERSON = frozenset({Choice.SAME, Choice.SAME_ANEW, Choice.SECOND_POST})
# What may be remembered for all of a kind: nothing that makes somebody the owner of what another person had.
BY_RULE: dict[CaseKind, frozenset[Choice]] = {
    CaseKind.NO_NUMBER: frozenset({Choice.NEW, Choice.KEEP_OUT}),
    CaseKind.NUMBER_NOT_UNIQUE: frozenset({Choice.NEW, Choice.KEEP_OUT}),
    CaseKind.REHIRE: frozenset({Choice.NEW, Choice.KEEP_OUT}),
    CaseKind.NUMBER_IN_USE: frozenset({Choice.NEW, Choice.KEEP_OUT}),
    CaseKind.SHARED_NUMBER: frozenset({Choice.FINE}),
    CaseKind.SHARED_USERNAME: frozenset({Choice.FINE}),
    CaseKind.SHARED_MAIL: frozenset({Choice.FINE}),
    CaseKind.SAME_MARK: frozenset(),
    CaseKind.SUSPENDED_HERE: frozenset(),
}
