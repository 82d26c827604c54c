"""Drives FileZilla's SFTP engine, `fzsftp`, as FileZilla's window does: one command a line, events
back, file content through shared memory.

filezilla.py PORT USER PASSWORD COMMAND…   prints every event; ends with 1 after the first command
that failed, unless it begins with "-".
"""

import mmap
import os
import re
import select
import subprocess
import sys

# What the first letter of an event says, and how many lines follow it.
REPLY, DONE, ERROR, STATUS = "0", "1", "2", "5"
LISTED, HOST_KEY, PASSWORD, PREAMBLE, PROMPT = "8", "9", "<", ">", "?"
QUOTA_IN, QUOTA_OUT = "@", "A"
IO_SIZE, IO_OPEN, IO_NEXT, IO_END = "J", "K", "L", "M"
LINES = {QUOTA_IN: 0, QUOTA_OUT: 0, IO_SIZE: 0, HOST_KEY: 2, ":": 2, ";": 2, LISTED: 3}

PATIENCE_SECONDS = 30
SHARED_BYTES = 1 << 18


class Engine:
    def __init__(self, password):
        self.password = password
        self.shared = os.memfd_create("fz", 0)
        os.ftruncate(self.shared, SHARED_BYTES)
        self.memory = mmap.mmap(self.shared, SHARED_BYTES)
        self.process = subprocess.Popen(
            ["fzsftp", "-v"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[self.shared],
        )
        self.seen = b""
        self.local = None
        self.upload = True
        self.next()

    def more(self):
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE_SECONDS)
        part = os.read(self.process.stdout.fileno(), 65536) if ready else b""
        if not part:
            sys.exit("fzsftp said nothing more")
        self.seen += part

    def next(self):
        """The next event, (kind, lines)."""
        while not self.seen:
            self.more()
        kind = chr(self.seen[0])
        count = LINES.get(kind, 1)
        while self.seen.count(b"\n", 1) < count:
            self.more()
        *lines, self.seen = self.seen[1:].split(b"\n", count)
        return kind, [line.decode("utf-8", "replace") for line in lines]

    def say(self, words):
        self.process.stdin.write(words.encode())
        self.process.stdin.flush()

    def command(self, line):
        """Gives a command; whether it succeeded."""
        self.local, self.upload = None, not line.startswith("get ")
        names = re.findall(r'"([^"]*)"', line)
        if re.match("(re)?(put|get) ", line):
            self.path = names[0] if self.upload else names[1]
        self.say(line + "\n")
        while True:
            kind, lines = self.next()
            answer = self.answer(kind, lines)
            if answer is not None:
                self.say(answer)
            elif kind == DONE:
                print("done", lines[0])
                return lines[0] == "1"
            elif kind == REPLY:
                # Some commands end with this line instead.
                print("reply", lines[0])
                return True
            elif kind == LISTED:
                print("listed", lines[0])
            elif kind in (ERROR, STATUS):
                print("error" if kind == ERROR else "status", lines[0])

    def answer(self, kind, lines):
        if kind == HOST_KEY:
            return "y\n"
        if kind == PASSWORD:
            print("password asked:", lines[0])
            return self.password + "\n"
        if kind == QUOTA_IN:
            return "-0-\n"
        if kind == QUOTA_OUT:
            return "-1-\n"
        if kind == IO_SIZE:
            return f"-{os.path.getsize(self.path)}\n"
        if kind == IO_OPEN:
            offset = int(lines[0])
            if self.upload:
                self.local = open(self.path, "rb")
                self.local.seek(offset)
            else:
                self.local = open(self.path, "r+b" if offset else "wb")
                self.local.seek(offset)
            return f"-{self.shared} {SHARED_BYTES} {offset}\n"
        if kind == IO_NEXT:
            if self.upload:
                part = self.local.read(SHARED_BYTES)
                self.memory[: len(part)] = part
                return f"-0 {len(part)}\n" if part else "-\n"
            self.local.write(self.memory[: int(lines[0])])
            return f"-0 {SHARED_BYTES}\n"
        if kind == IO_END:
            self.local.write(self.memory[: int(lines[0])])
            self.local.close()
            return "-1\n"
        return None


def main():
    port, user, password, *commands = sys.argv[1:]
    engine = Engine(password)
    for command in [f'open "{user}@127.0.0.1" {port}', *commands]:
        may_fail = command.startswith("-")
        print(">", command)
        if not engine.command(command.removeprefix("-")) and not may_fail:
            sys.exit(1)


main()
