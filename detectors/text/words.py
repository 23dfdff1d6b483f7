"""The words of a text: found once, read by all that want to know something of it."""

import re

#: Only so much of a prompt is read: a bound on the work that one record can cause.
READ_CHARACTERS = 4096

_WORD = re.compile(r"[^\W\d_]+")


def words(text: str) -> list[str]:
    """Return the words of the first 4,096 characters in lower case, digits and signs dropped.

    >>> words("Sort 3 files, don't_stop!")
    ['sort', 'files', 'don', 't', 'stop']
    """
    return _WORD.findall(text[:READ_CHARACTERS].lower())
