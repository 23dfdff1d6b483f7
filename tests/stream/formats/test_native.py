from stream.formats import FORMATS, native

REQUEST = b'{"id":"r%d","ts":1767225600,"account":"a","model":"m"}\n'
CREATED = b'{"kind":"lifecycle","ts":1767225600,"account":"a","event":"created"}\n'


def test_lines_are_numbered_through_all_blocks() -> None:
    blocks = [REQUEST % 1 + CREATED, REQUEST % 2 + b"x\n"]
    first, second = native.read(blocks, name="week.jsonl")
    assert first.offsets.tolist() == [1]
    assert [offset for _, _, offset in first.lifecycles] == [2]
    assert second.offsets.tolist() == [3]
    assert [(letter.source, letter.offset) for letter in second.dead_letters] == [("week.jsonl", 4)]


def test_formats_bear_the_names_of_the_command_line() -> None:
    assert list(FORMATS) == ["native", "azure-llm", "mooncake"]
