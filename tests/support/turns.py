"""Which worker of a run takes which tests, and when: the tests of one file share its services, and a folder's its demo."""

from typing import Any

from xdist.scheduler import LoadFileScheduling

ONE_DEMO = ("tests/journeys", "tests/recipes")  # each worker, and each change from one demo to another, would start one more
SECONDS_A_TEST = {"tests/journeys": 3.0, "tests/recipes": 2.0}
SECONDS_OF_ANY_OTHER = 0.1


class LongestFirst(LoadFileScheduling):
    """What takes longest comes first: a worker that begins with it last works on alone."""

    def _split_scope(self, nodeid: str) -> str:
        place = nodeid.split("::", 1)[0]
        return next((folder for folder in ONE_DEMO if place.startswith(folder + "/")), place)

    def _assign_work_unit(self, node: Any) -> None:
        self.workqueue.move_to_end(max(self.workqueue, key=self._seconds), last=False)
        super()._assign_work_unit(node)

    def _seconds(self, scope: str) -> float:
        known = (seconds for place, seconds in SECONDS_A_TEST.items() if scope.startswith(place))
        return len(self.workqueue[scope]) * next(known, SECONDS_OF_ANY_OTHER)
