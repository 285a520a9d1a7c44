"""Good lines of `every_list`, whose usage stands in lists."""

from typing import Any

_TOOL, _SAID = {"type": "tool_use", "name": "find"}, {"type": "text", "text": "So"}
_CALL: dict[str, Any] = {
    "id": "l_1",
    "no": 1,
    "waits": [1500, "2.5", None],
    "parts": [
        {"kind": "text", "in": 10, "out": 3, "cost": 1.5e-05},
        {"kind": "a [b]", "in": "7", "out": 4, "cost": "0.25"},
        {"kind": "image", "in": None},
    ],
    "out": 1,
    "steps": [{"thought": 2, "seconds": 0.25, "ms": 12.7}, {"thought": 1, "seconds": 1.5, "ms": 8}],
    "choices": [{"content": [_TOOL, _SAID, _TOOL, "x", None]}, {"content": [_TOOL]}],
    "nested": [[1, 2], [], [None, "", {"a": 1}]],
    "messages": [
        {"content": "just a text"},
        {"content": [{"type": "search", "hits": [{"url": "u"}, {"title": "t"}, {"url": "v"}]}, _SAID]},
    ],
}


def _line(*rounds: object) -> dict[str, Any]:
    return {"org": "acme", "models": ["gpt-4o"], "rounds": [*rounds]}


LIST_LINES: dict[str, list[dict[str, Any]]] = {
    "every_list": [
        _line([_CALL, {**_CALL, "id": "l_2", "parts": [], "steps": None}]),
        _line([{**_CALL, "no": 2, "choices": []}], [], [{**_CALL, "id": "l_3", "messages": [], "nested": "text"}]),
        _line([{**_CALL, "id": "l_4", "parts": {"in": 1}}, {**_CALL, "id": "l_5", "steps": [{"ms": -1}]}]),
        _line(None, {"id": "l_6"}, [7, {**_CALL, "id": "l_7", "waits": "[1]"}], "none"),
        _line([{"id": "l_8", "waits": [0], "parts": [{"in": 10**15 - 1}, {"in": 1}]}]),
        _line([{"id": "l_9", "waits": [0], "parts": [{"cost": 9 * 10**12}] * 40}]),
    ]
}
