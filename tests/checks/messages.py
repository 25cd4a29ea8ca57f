"""Log messages: every id is declared once (in its room's messages.h), is used, and carries an explanation an operator can act on."""

import re

import support

DECLARATION = re.compile(r"\bMessage\s+(\w+)\s*(?:=\s*)?(?:[\w:]*Message\s*)?\{(.*?)\};", re.S)
STRING = re.compile(r'"((?:\\.|[^"\\])*)"')
ID = re.compile(r'"(PSW-[A-Z]+-\d+)"')
EXPLANATION_MIN = 30


def declared(text):
    """Yields (line, name, id, text, explanation) of each declaration."""
    for match in DECLARATION.finditer(text):
        body = match.group(2)
        # Adjacent literals are one string; members are separated by commas outside of literals.
        members = re.findall(r'(?:[^,"]|"(?:\\.|[^"\\])*")+', body)
        strings = ["".join(STRING.findall(member)) for member in members]
        strings = [s for s, member in zip(strings, members) if '"' in member]
        strings += [""] * (3 - len(strings))
        yield support.line_of(text, match.start()), match.group(1), strings[0], strings[1], strings[2]


def check(root):
    complaints = []
    seen = {}
    names = {}
    sources = {path: support.without_comments(support.read(root, path)) for path in support.files(root, "daemon", suffixes=support.CPP)}
    prefixes = {}
    for path, text in sources.items():
        if path.name == "messages.h":
            for line, name, ident, words, explanation in declared(text):
                where = f"{path}:{line}"
                room = path.parts[1]
                if not re.fullmatch(r"PSW-[A-Z]+-\d{3}", ident):
                    complaints.append(f"{where}: {ident!r} is not an id like PSW-NET-001")
                    continue
                if ident in seen:
                    complaints.append(f"{where}: {ident} is already declared at {seen[ident]}")
                    continue
                seen[ident] = where
                prefix = ident.split("-")[1]
                if prefixes.setdefault(prefix, room) != room:
                    complaints.append(f"{where}: {ident}: PSW-{prefix} belongs to {prefixes[prefix]}")
                if not words.strip():
                    complaints.append(f"{where}: {ident} has no text")
                if len(explanation) < EXPLANATION_MIN:
                    complaints.append(f"{where}: {ident} has no explanation an operator can act on")
                names[(room, name)] = where
        elif match := ID.search(text):
            complaints.append(f"{path}:{support.line_of(text, match.start())}: {match.group(1)} is spelled out; ids stand in messages.h")
    everything = "\n".join(text for path, text in sources.items() if path.name != "messages.h")
    for (room, name), where in names.items():
        if not re.search(rf"\b{name}\b", everything):
            complaints.append(f"{where}: {name} is never logged")
    return complaints


GOOD = ('inline constexpr Message accept_failed{"PSW-NET-001", Severity::error, "accept failed",\n'
        '  "The process is out of file descriptors, "\n  "raise LimitNOFILE."};\n')
USE = 'void f() { log.write(accept_failed, {}); }\n'
CASES = [
    ("declared, explained, used", {"daemon/net/messages.h": GOOD, "daemon/net/a.cpp": USE}, None),
    ("never used", {"daemon/net/messages.h": GOOD, "daemon/net/a.cpp": "// accept_failed\n"}, "never logged"),
    ("declared twice", {"daemon/net/messages.h": GOOD + GOOD.replace("accept_failed", "other"), "daemon/net/a.cpp": USE}, "already declared"),
    ("no explanation", {"daemon/net/messages.h": 'inline constexpr Message accept_failed = {"PSW-NET-001", Severity::error, "accept failed", ""};',
                        "daemon/net/a.cpp": USE}, "no explanation"),
    ("an id of another form", {"daemon/net/messages.h": GOOD.replace("PSW-NET-001", "NET1"), "daemon/net/a.cpp": USE}, "is not an id"),
    ("an id of another room", {"daemon/api/messages.h": GOOD, "daemon/net/messages.h": GOOD.replace("001", "002").replace("accept_failed", "b"),
                               "daemon/net/a.cpp": USE + "int x = b;"}, "belongs to api"),
    ("an id outside of messages.h", {"daemon/net/a.cpp": 'log("PSW-NET-009");'}, "spelled out"),
]

if __name__ == "__main__":
    support.main(check, CASES)
