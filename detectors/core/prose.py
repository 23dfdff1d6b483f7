"""Sentences that hold names which others chose."""


def shown(text: str) -> str:
    r"""Return a text in which what does not print is an escape: nobody's name makes a line of it.

    >>> shown("behind proxy x\n\x1b[2Jcritical")
    'behind proxy x\\n\\x1b[2Jcritical'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
