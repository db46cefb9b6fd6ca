"""The small language of `rules:if`: variables, strings, patterns, comparisons, && and ||."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_TOKENS: Final = re.compile(
    r"""\s*(?:
      (?P<variable>\$\w+|\$\{\w+\})
    | (?P<text>"[^"]*"|'[^']*')
    | (?P<pattern>/(?:\\.|[^/\\\n])+/[ismU]*)
    | (?P<null>null\b)
    | (?P<operator>==|!=|=~|!~|&&|\|\||\(|\))
    )""",
    re.VERBOSE,
)
_WRITTEN_PATTERN: Final = re.compile(r"/(?P<body>.+)/(?P<flags>[ismU]*)", re.DOTALL)
_FLAGS: Final = {"i": re.IGNORECASE, "s": re.DOTALL, "m": re.MULTILINE, "U": re.NOFLAG}

Operand = str | None


class InvalidExpression(Exception):
    """The text is not an expression of this language."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def holds(expression: str, variables: Mapping[str, str]) -> bool:
    """Whether the condition is true for these variables.

    Raises:
        InvalidExpression: it cannot be read.
    """
    reader = _Reader(_tokens(expression), variables)
    truth = reader.either()
    if not reader.is_over():
        raise InvalidExpression(expression)
    return truth


def _tokens(expression: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    text = expression.rstrip()
    while position < len(text):
        match = _TOKENS.match(text, position)
        if match is None or match.lastgroup is None:
            raise InvalidExpression(expression)
        tokens.append(_Token(match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


class _Reader:
    """Reads the tokens from left to right; && binds more tightly than ||."""

    def __init__(self, tokens: list[_Token], variables: Mapping[str, str]) -> None:
        self._tokens = tokens
        self._variables = variables
        self._next = 0

    def is_over(self) -> bool:
        return self._next == len(self._tokens)

    def either(self) -> bool:
        truth = self._both()
        while self._takes("||"):
            right = self._both()
            truth = truth or right
        return truth

    def _both(self) -> bool:
        truth = self._comparison()
        while self._takes("&&"):
            right = self._comparison()
            truth = truth and right
        return truth

    def _comparison(self) -> bool:
        if self._takes("("):
            truth = self.either()
            if not self._takes(")"):
                raise InvalidExpression("a bracket is left open")
            return truth
        left = self._operand()
        for operator in ("==", "!=", "=~", "!~"):
            if self._takes(operator):
                return _compared(left, operator, self._operand())
        return bool(left)

    def _operand(self) -> Operand:
        if self.is_over():
            raise InvalidExpression("something is missing at the end")
        token = self._tokens[self._next]
        self._next += 1
        match token.kind:
            case "variable":
                return self._variables.get(token.text.strip("${}"))
            case "text":
                return token.text[1:-1]
            case "pattern":
                return token.text
            case "null":
                return None
        raise InvalidExpression(f"{token.text} stands where a value should")

    def _takes(self, operator: str) -> bool:
        if self.is_over() or self._tokens[self._next] != _Token("operator", operator):
            return False
        self._next += 1
        return True


def _compared(left: Operand, operator: str, right: Operand) -> bool:
    match operator:
        case "==":
            return left == right
        case "!=":
            return left != right
        case "=~":
            return _matches(left, right)
        case _:
            return not _matches(left, right)


def _matches(text: Operand, pattern: Operand) -> bool:
    """A variable may hold a pattern too, written with its slashes; anything else matches nothing."""
    written = _WRITTEN_PATTERN.fullmatch(pattern or "")
    if written is None:
        return False
    flags = re.NOFLAG
    for flag in written["flags"]:
        flags |= _FLAGS[flag]
    try:
        return re.search(written["body"], text or "", flags) is not None
    except re.error as error:
        raise InvalidExpression(str(error)) from error
