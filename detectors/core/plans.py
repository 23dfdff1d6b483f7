"""Plans of accounts as segments."""

#: Plans that are told apart, the first that come; the rest share segment 0, as those with none do.
MOST_PLANS = 15


class Plans(dict[str | None, int]):
    """Gives the plans in use a segment each.

    >>> plans = Plans()
    >>> plans["enterprise"], plans["free"], plans["enterprise"], plans[None]
    (1, 2, 1, 0)
    """

    def __init__(self) -> None:
        super().__init__({None: 0})

    def __missing__(self, plan: str) -> int:
        if len(self) > MOST_PLANS:
            return 0
        self[plan] = len(self)
        return self[plan]

    @property
    def names(self) -> list[str]:
        """The plans, by segment from 1 on."""
        return [plan for plan in self if plan is not None]

    def restore(self, names: list[str]) -> None:
        """Take back `names`."""
        self.clear()
        self.update({None: 0} | {name: 1 + number for number, name in enumerate(names)})
