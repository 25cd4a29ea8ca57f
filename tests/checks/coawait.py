"""g++ 12.2 destroys some temporaries of a co_await expression twice. Rejected: a statement with co_await that contains a capturing
lambda or a braced temporary (`Type{…}`, `f({…})`). Name the object first, then std::move it."""

import re

import support

CAPTURE = re.compile(r"(?<![\w\])])\[(?!\[)\s*[^\]\s][^\]]*\]\s*(?:\(|\{|mutable\b|<)")
BRACED = re.compile(r"(?:[A-Za-z_]\w*(?:<[^<>;{}]*>)?|[(,])\s*\{")
KEYWORDS = re.compile(r"\b(?:if|for|while|switch|catch|else|do|try|return)\b[^;{}]*$")


def expression_after(text, start):
    """The rest of the full expression from start: up to ';' or an unbalanced closing bracket, or the '{' that opens a block."""
    depth = 0
    position = start
    while position < len(text):
        char = text[position]
        if char in "([{":
            if char == "{" and depth == 0:
                before = text[start:position].rstrip()
                # `if (co_await x) {` ends in a block; `co_await T{` does not: its brace follows a name or a template argument.
                if not before or not re.search(r"[\w>]$", before):
                    return text[start:position]
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth < 0:
                return text[start:position]
        elif char == ";" and depth == 0:
            return text[start:position]
        position += 1
    return text[start:]


def check(root):
    complaints = []
    for path in support.files(root, "daemon", "sdk", "plugins", "tests", suffixes=support.CPP):
        text = support.without_comments(support.read(root, path), strings=False)
        for match in re.finditer(r"\bco_await\b", text):
            expression = expression_after(text, match.end())
            line = support.line_of(text, match.start())
            if CAPTURE.search(expression):
                complaints.append(f"{path}:{line}: a capturing lambda inside a co_await expression: name it first")
            elif BRACED.search(expression):
                complaints.append(f"{path}:{line}: a braced temporary inside a co_await expression: name it first")
    return complaints


CASES = [
    ("named objects", {"daemon/net/a.cpp": "Options o{1, 2};\nauto r = co_await f(std::move(o));\nif (co_await g()) { x = T{1}; }\nco_await t[0];\n"
                                            "co_await h([] { return 1; });\n"}, None),
    ("a capturing lambda", {"sdk/a.h": "co_await call([keep](auto h) { h(); });\n"}, "capturing lambda"),
    ("a capturing lambda over lines", {"plugins/x/a.cpp": "co_await\n  call(\n    [&] { f(); });\n"}, "a.cpp:1: a capturing lambda"),
    ("an aggregate by type", {"daemon/net/a.cpp": "co_await f(Options{a, b});\n"}, "braced temporary"),
    ("an aggregate by braces", {"daemon/net/a.cpp": "auto x = co_await f({.a = 1});\n"}, "braced temporary"),
    ("the awaited object itself", {"daemon/net/a.cpp": "co_await Sleep{5};\n"}, "braced temporary"),
    ("in a comment", {"daemon/net/a.cpp": "// co_await f(Options{a});\nauto s = \"co_await f({})\";\n"}, None),
]

if __name__ == "__main__":
    support.main(check, CASES)
