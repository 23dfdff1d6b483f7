"""Files that a replay can read: one module a source, each with a `read`."""

from collections.abc import Callable, Iterator

from stream.decoded import Decoded
from stream.formats import azure_llm, mooncake, native

#: Takes blocks of whole lines, and by keyword `name` and `max_bytes`; gives what each block held.
Reader = Callable[..., Iterator[Decoded]]

FORMATS: dict[str, Reader] = {
    "native": native.read,
    "azure-llm": azure_llm.read,
    "mooncake": mooncake.read,
}
