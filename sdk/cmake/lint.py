#!/usr/bin/env python3
"""Checks one plugin file and its sources before anybody loads it.

usage: lint.py [--remove-on-failure] [--sources-only] PLUGIN.so [SOURCE…]

The file: exactly one exported symbol, psw_plugin_entry, of type OBJECT; no GNU-unique symbol (those are shared between plugins in
spite of RTLD_LOCAL); no text relocation; bound at load; exactly one note .note.payswitch; no private C++ runtime.
The sources: no co_await statement that contains a capturing lambda or a braced temporary: g++ 12 destroys those twice.
"""
import os
import re
import struct
import sys

STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE = 1, 2, 10
STT_OBJECT, STT_FUNC = 1, 2
SHT_DYNAMIC, SHT_NOTE, SHT_DYNSYM, SHT_SYMTAB = 6, 7, 11, 2
DT_TEXTREL, DT_BIND_NOW, DT_FLAGS, DT_FLAGS_1 = 22, 24, 30, 0x6FFFFFFB


class Elf:
    def __init__(self, data):
        if data[:4] != b"\x7fELF" or data[4] != 2 or data[5] != 1:
            raise ValueError("not a 64-bit little-endian ELF file")
        self.data = data
        shoff, = struct.unpack_from("<Q", data, 0x28)
        entsize, count, names = struct.unpack_from("<HHH", data, 0x3A)
        raw = [struct.unpack_from("<IIQQQQIIQQ", data, shoff + i * entsize) for i in range(count)]
        strings = raw[names]
        self.sections = [(self.text(strings[4] + s[0]), s) for s in raw]

    def text(self, at):
        return self.data[at:self.data.index(b"\0", at)].decode("utf-8", "replace")

    def symbols(self, kind):
        for _, s in self.sections:
            if s[1] == kind:
                strings = self.sections[s[6]][1][4]
                for at in range(s[4], s[4] + s[5], 24):
                    name, info, other, shndx, _, _ = struct.unpack_from("<IBBHQQ", self.data, at)
                    yield self.text(strings + name), info >> 4, info & 15, other & 3, shndx

    def dynamic(self):
        for _, s in self.sections:
            if s[1] == SHT_DYNAMIC:
                for at in range(s[4], s[4] + s[5], 16):
                    tag, value = struct.unpack_from("<qQ", self.data, at)
                    if tag == 0:
                        return
                    yield tag, value


def check_file(path):
    with open(path, "rb") as file:
        elf = Elf(file.read())
    exported = [(n, b, t) for n, b, t, _, shndx in elf.symbols(SHT_DYNSYM) if shndx != 0 and n and b != 0]
    names = sorted(n for n, _, _ in exported)
    if names != ["psw_plugin_entry"]:
        yield f"exports {len(names)} symbols, must export psw_plugin_entry alone: {', '.join(names[:8])}"
    elif exported[0][2] != STT_OBJECT:
        yield "psw_plugin_entry is not a data object"
    unique = [n for n, b, _ in exported if b == STB_GNU_UNIQUE]
    if unique:
        yield f"{len(unique)} GNU-unique symbols, shared between plugins: {unique[0]}"
    tags = dict(elf.dynamic())
    if DT_TEXTREL in tags or tags.get(DT_FLAGS, 0) & 4:
        yield "has text relocations: build it with -fPIC"
    if not (DT_BIND_NOW in tags or tags.get(DT_FLAGS, 0) & 8 or tags.get(DT_FLAGS_1, 0) & 1):
        yield "is bound lazily: link it with -z now, a missing symbol must show at load"
    if not tags.get(DT_FLAGS_1, 0) & 8:
        yield "may be unloaded: link it with -z nodelete"
    notes = [s for n, s in elf.sections if n == ".note.payswitch"]
    if len(notes) != 1 or notes[0][1] != SHT_NOTE or notes[0][5] < 232:
        yield "has no note .note.payswitch: use PSW_PLUGIN or PSW_NOTE once"
    if any(n == "__cxa_throw" and kind == STT_FUNC and shndx != 0 for n, _, kind, _, shndx in elf.symbols(SHT_SYMTAB)):
        yield "carries its own C++ runtime (-static-libstdc++): an exception that leaks ends the daemon"


def statements(text):
    """(line, statement) of each statement that contains co_await; comments and literals are blanked first."""
    text = re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'',
                  lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)
    for m in re.finditer(r"\bco_await\b", text):
        start = max(text.rfind(";", 0, m.start()), text.rfind("{\n", 0, m.start()), text.rfind("}\n", 0, m.start())) + 1
        depth, end = 0, m.end()
        while end < len(text):
            c = text[end]
            if c in "({[":
                depth += 1
            elif c in ")}]":
                depth -= 1
                if depth < 0:
                    break
            elif c == ";" and depth == 0:
                break
            end += 1
        yield text.count("\n", 0, m.start()) + 1, text[start:end], text[m.end():end]


def check_source(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for line, _, after in statements(text):
        if re.search(r"(?:^|[(,=\s&])\[[^\]\[]+\]\s*(?:\(|\{|mutable|noexcept|->)", after) and not re.search(r"^\s*\w+\[[^\]]*\]$", after):
            yield f"{path}:{line}: co_await with a capturing lambda: name it first, g++ 12 destroys it twice"
        elif re.search(r"[\w>]\s*\{|[(,]\s*\{", after):
            yield f"{path}:{line}: co_await with a braced temporary: name it first, g++ 12 destroys it twice"


def main(arguments):
    remove = "--remove-on-failure" in arguments
    sources_only = "--sources-only" in arguments
    files = [a for a in arguments if not a.startswith("--")]
    if not files:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    failures = []
    plugin = None if sources_only else files.pop(0)
    if plugin:
        try:
            failures += [f"{plugin}: {text}" for text in check_file(plugin)]
        except (ValueError, struct.error, IndexError) as error:
            failures.append(f"{plugin}: {error}")
    for source in files:
        failures += check_source(source)
    for failure in failures:
        print(f"payswitch lint: {failure}", file=sys.stderr)
    if failures and remove and plugin and os.path.exists(plugin):
        os.remove(plugin)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
