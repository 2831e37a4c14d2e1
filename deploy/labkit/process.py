"""Programs of the lab: started in sessions of their own, known by pid and start time, ended by pid."""
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import time


class LabError(Exception):
    """Told to the user in one line, without a stack."""


@contextlib.contextmanager
def undisturbed():
    """Puts off Ctrl-C and SIGTERM to the end of the block: between making a process and noting it, or while cleaning
    up, they would leave something running that nobody knows."""
    arrived = []
    before = {number: signal.signal(number, lambda got, _: arrived.append(got))
              for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if arrived:
            os.kill(os.getpid(), arrived[0])


def start_ticks(pid):
    """When the process started, in clock ticks since boot; None when there is none. Guards against reused pids."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


def wait_until(condition, seconds, what):
    """Asks until it is true; the last value. LabError names what did not happen."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise LabError(f"{what} (waited {seconds} s)")
        time.sleep(0.02)


def is_free(address, port, kind=socket.SOCK_DGRAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


class Programs:
    def __init__(self, folders):
        self.folders = folders

    def record(self, name):
        return self.folders.run / f"{name}.json"

    def log(self, name):
        return self.folders.log / f"{name}.log"

    def start(self, name, command, cwd=None):
        """Starts in the background."""
        with open(self.log(name), "ab") as log, undisturbed():
            process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=True)
            self.record(name).write_text(json.dumps({"pid": process.pid, "ticks": start_ticks(process.pid)}))
        return process

    def pid(self, name):
        """Of the running program, or None."""
        try:
            known = json.loads(self.record(name).read_text())
        except (OSError, ValueError):
            return None
        ticks = start_ticks(known["pid"])
        return known["pid"] if ticks is not None and ticks == known["ticks"] else None

    def names(self):
        return sorted(path.stem for path in self.folders.run.glob("*.json"))

    def stop(self, name, seconds=10):
        pid = self.pid(name)
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            try:
                wait_until(lambda: self.pid(name) is None or self.reap(pid), seconds, name)
            except LabError:
                os.killpg(pid, signal.SIGKILL)  # its own session: it and its children
                wait_until(lambda: self.pid(name) is None or self.reap(pid), 5, f"{name} does not end")
        self.record(name).unlink(missing_ok=True)

    def kill(self, name):
        """As a crash ends it: at once, without a word to anybody."""
        pid = self.pid(name)
        if pid is None:
            raise LabError(f"{name} does not run")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: self.reap(pid) or self.pid(name) is None, 5, f"{name} does not end")
        self.record(name).unlink(missing_ok=True)

    @staticmethod
    def reap(pid):
        """True when it was our child and has ended."""
        try:
            return os.waitpid(pid, os.WNOHANG)[0] == pid
        except ChildProcessError:
            return False

    def tail(self, name, lines=15):
        try:
            return "\n".join(self.log(name).read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""

    def must_run(self, name):
        if self.pid(name) is None:
            raise LabError(f"{name} ended at its start; its last words:\n{self.tail(name)}")
        return True
