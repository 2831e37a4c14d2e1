"""Starts the lab's programs: the three CSCFs, Kamailio as the ISP, baresip as the Internet phone, SIPp as IMS phones."""
import json
import os
import pathlib
import re
import socket
import string
import subprocess
import time
import urllib.error
import urllib.request

from . import sip, trace
from .certificates import Authority
from .layout import (BACKUP, BARESIP, BARESIP_CONTROL, DEAD, DNS_PORT, HOME, HTTP_PORT, INTERNET_PASSWORD,
                     INTERNET_USER, ISP, KAMAILIO, KAMAILIO_AS_IMPOSTOR, NAME_SERVER, NODES, PHONES, PORT, ROOT, SECURE_ISP,
                     TLS_PORT, ICSCF_NAME, core_uri, icscf_uri, password, pcscf_of, role_of)
from .process import LabError, Programs, is_free, wait_until

TEMPLATES = ROOT / "deploy" / "config"
SCENARIOS = ROOT / "deploy" / "sipp"


def render(template, target, values, folder=TEMPLATES):
    target.write_text(string.Template((folder / template).read_text()).substitute(values))
    return target


def health(role):
    """(serving, body) of a CSCF's /healthz; (False, "") when nobody answers."""
    try:
        with urllib.request.urlopen(f"http://{NODES[role]}:{HTTP_PORT}/healthz", timeout=2) as answer:
            return True, answer.read().decode()
    except urllib.error.HTTPError as error:
        return False, error.read().decode()
    except OSError:
        return False, ""


class Lab:
    def __init__(self, folders, cluster, binaries):
        self.folders, self.cluster, self.binaries = folders, cluster, binaries
        self.programs = Programs(folders)

    # --- starting ---

    def check_addresses(self):
        wanted = {"Kamailio": KAMAILIO, "baresip": BARESIP, **NODES}
        for name, address in wanted.items():
            if not is_free(address, PORT):
                raise LabError(f"{address}:{PORT}, wanted for {name}, is taken; is another lab up?")
        if not is_free(NAME_SERVER, DNS_PORT):
            raise LabError(f"{NAME_SERVER}:{DNS_PORT}, wanted for the name server, is taken; is another lab up?")

    def start_name_server(self):
        values = {"address": NAME_SERVER, "name_server": NAME_SERVER, "folder": self.folders.dns, "home": HOME, "isp": ISP,
                  "secure": SECURE_ISP, "tls_port": TLS_PORT, "kamailio": KAMAILIO, "backup": BACKUP, "dead": DEAD, **NODES}
        for zone in ("home", "isp", "secure"):
            render(f"{zone}.zone.in", self.folders.dns / f"{zone}.zone", {**values, "port": PORT})
        config = render("unbound.conf.in", self.folders.dns / "unbound.conf", {**values, "port": DNS_PORT})
        self.programs.start("unbound", ["/usr/sbin/unbound", "-d", "-p", "-c", str(config)])
        wait_until(lambda: self.programs.must_run("unbound") and ask_soa(NAME_SERVER, DNS_PORT, HOME), 15,
                   "unbound does not answer")

    def issue_certificates(self):
        """Each CSCF is known by its address, the ISP by address and domain, the impostor by a domain not its own."""
        authority = Authority(self.folders.certificates)
        authority.make()
        for node, address in NODES.items():
            names = [f"IP:{address}"] + ([f"DNS:{ICSCF_NAME}"] if role_of(node) == "icscf" else [])
            authority.issue(node, *names)
        authority.issue("isp", f"IP:{KAMAILIO}", f"DNS:{SECURE_ISP}")
        authority.issue("impostor", "DNS:somebody-else.example")

    def start_core(self, node):
        role = role_of(node)
        values = {"conninfo": self.cluster.conninfo("isthmus_core"), "token_secret": self.folders.token_secret(),
                  "trace": self.folders.trace / f"{node}.jsonl", "home": HOME, "port": PORT, "http_port": HTTP_PORT,
                  "tls_port": TLS_PORT, "certificates": self.folders.certificates, "node": node,
                  "scscf_uri": core_uri(node), "icscf_uri": icscf_uri(), "icscf_name": ICSCF_NAME,
                  "address": NODES[node], "name_server": f"{NAME_SERVER}:{DNS_PORT}",
                  "trusted": ", ".join(f'"{address}"' for address in NODES.values())}
        config = render(f"{role}.toml.in", self.folders.config / f"{node}.toml", values)
        config.chmod(0o600)
        self.programs.start(node, [str(self.binaries / role), "--config", str(config)])

    def await_core(self, role):
        wait_until(lambda: self.programs.must_run(role) and health(role)[0], 30, f"{role} does not become ready")

    def start_isp(self):
        for old in self.folders.isp.glob("isp-*"):
            old.unlink()
        tls = render("kamailio.tls.cfg.in", self.folders.isp / "tls.cfg",
                     {"impostor": KAMAILIO_AS_IMPOSTOR, "tls_port": TLS_PORT, "folder": self.folders.certificates})
        config = render("kamailio.cfg.in", self.folders.isp / "kamailio.cfg",
                        {"address": KAMAILIO, "impostor": KAMAILIO_AS_IMPOSTOR, "port": PORT, "tls_port": TLS_PORT,
                         "domain": ISP, "secure_domain": SECURE_ISP, "backup": BACKUP, "tls_config": tls,
                         "folder": self.folders.isp,
                         "password": INTERNET_PASSWORD})
        folder = str(self.folders.isp)
        # Everything it writes goes below the lab: -w working folder, -P pid file, -Y run folder.
        self.programs.start("kamailio", ["kamailio", "-f", str(config), "-w", folder, "-Y", folder, "-P",
                                         f"{folder}/kamailio.pid", "-DD", "-E", "-m", "64", "-M", "8"])
        wait_until(lambda: self.programs.must_run("kamailio") and ask_options(KAMAILIO), 15, "Kamailio does not answer")

    def start_phone(self):
        values = {"address": BARESIP, "port": PORT, "control": BARESIP_CONTROL, "user": INTERNET_USER, "domain": ISP,
                  "password": INTERNET_PASSWORD, "proxy": f"{KAMAILIO}:{PORT}"}
        render("baresip.config.in", self.folders.phone / "config", values)
        render("baresip.accounts.in", self.folders.phone / "accounts", values).chmod(0o600)
        (self.folders.phone / "contacts").touch()
        before = time.time()
        self.programs.start("baresip", ["baresip", "-f", str(self.folders.phone)], cwd=self.folders.phone)

        def is_registered():
            self.programs.must_run("baresip")
            return any(record.sent and record.message.status == 200 and record.message.method == "REGISTER"
                       and record.time >= before for record in self.isp_records())
        wait_until(is_registered, 15, "baresip does not register with Kamailio")

    def start(self, say):
        self.folders.make()
        self.check_addresses()
        say("PostgreSQL")
        self.cluster.start()
        self.cluster.provide()
        say("an authority and certificates")
        self.issue_certificates()
        say("unbound (the name server)")
        self.start_name_server()
        say("Kamailio (the ISP's SIP server) and baresip (the Internet phone)")
        self.start_isp()
        self.start_phone()
        say("two P-CSCFs, two I-CSCFs, two S-CSCFs")
        for node in NODES:
            self.start_core(node)
        for node in NODES:
            self.await_core(node)

    def stop(self):
        for name in ("sipp", *NODES, "baresip", "kamailio", "unbound"):
            self.programs.stop(name)
        self.cluster.stop()

    # --- what happened ---

    def isp_records(self):
        return trace.read_dumps(self.folders.isp, "isp")

    def records(self):
        out = self.isp_records()
        for node, address in NODES.items():
            for record in trace.read_node_trace(self.folders.trace / f"{node}.jsonl"):
                out.append(record._replace(node=address))
        return sorted(out, key=lambda record: record.time)

    # --- acting ---

    def hang_up_internet_phone(self):
        """Tells baresip, through its control socket, to end the call (netstrings with JSON; events come between)."""
        command = json.dumps({"command": "hangup"})
        with socket.create_connection((BARESIP, BARESIP_CONTROL), timeout=5) as control:
            control.sendall(f"{len(command)}:{command},".encode())
            received = b""
            while True:
                piece = control.recv(65536)
                received += piece
                answers = [item for item in netstrings(received) if item.get("response")]
                if answers and answers[0].get("ok"):
                    return
                if answers or not piece:
                    raise LabError(f"baresip did not take the command to hang up: {received.decode(errors='replace')}")

    def ask_by_openssl(self, source, role, expected, request, seconds=2):
        """What openssl printed, the answer of a CSCF's TLS port among it. `expected`: the address its certificate must
        name."""
        authority = str(self.folders.certificates / "authority.pem")
        command = ["openssl", "s_client", "-bind", f"{source}:0", "-connect", f"{NODES[role]}:{TLS_PORT}", "-CAfile",
                   authority, "-verify_return_error", "-verify_ip", expected, "-quiet"]
        client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            return client.communicate(request.encode(), timeout=seconds)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:  # it stays connected: the CSCF does not hang up
            client.kill()
            return client.communicate()[0].decode(errors="replace")

    def sipp(self, scenario, user, keys=None, seconds=40, card=None):
        """Plays a scenario as one of the IMS phones and does not wait for its end."""
        name = f"{user}-{scenario}-{time.monotonic_ns()}"
        script = SCENARIOS / f"{scenario}.xml"
        if card:
            script = render(f"{scenario}.xml.in", self.folders.sipp / f"{name}.xml", card, SCENARIOS)
        log = self.folders.sipp / f"{name}.log"
        command = ["sipp", f"{pcscf_of(user)}:{PORT}", "-sf", str(script), "-i", PHONES[user],
                   "-p", str(PORT), "-m", "1", "-nostdin", "-timeout", f"{seconds}s", "-timeout_error",
                   "-s", user, "-au", f"{user}@{HOME}", "-ap", password(user), "-auth_uri", HOME,
                   "-trace_msg", "-message_file", str(log), "-trace_err", "-error_file",
                   str(self.folders.sipp / f"{name}.err"), "-key", "home", HOME, "-key", "user", user]
        for key, value in (keys or {}).items():
            command += ["-key", key, value]
        output = open(self.folders.sipp / f"{name}.out", "wb")
        process = subprocess.Popen(command, cwd=self.folders.sipp, stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, start_new_session=True, env={**os.environ, "TERM": "dumb"})
        output.close()
        return Phone(process, log, self.folders.sipp / f"{name}.err", seconds)


class Phone:
    """A SIPp that plays one scenario."""

    def __init__(self, process, log, errors, seconds):
        self.process, self.log, self.errors, self.seconds = process, log, errors, seconds

    def wait(self):
        """True when the scenario went to its end."""
        try:
            return self.process.wait(self.seconds + 10) == 0
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def received(self):
        return read_sipp_log(self.log)[1]

    def sent(self):
        return read_sipp_log(self.log)[0]

    def last_response(self, method):
        return next((message for message in reversed(self.received())
                     if message.method == method and message.status >= 200), None)

    def complaint(self):
        try:
            lines = [line for line in self.errors.read_text(errors="replace").splitlines()
                     if line.strip() and not line.startswith("The following events")]
        except OSError:
            lines = []
        return lines[0] if lines else f"SIPp ended with {self.process.returncode}"


def netstrings(data):
    """The JSON objects of the whole netstrings in `data`."""
    out = []
    while b":" in data:
        length, _, rest = data.partition(b":")
        if not length.isdigit() or len(rest) < int(length) + 1:
            break
        out.append(json.loads(rest[:int(length)]))
        data = rest[int(length) + 1:]
    return out


def read_sipp_log(path):
    """(sent, received) messages of SIPp's -trace_msg."""
    sent, received = [], []
    if not path.exists():
        return sent, received
    text = path.read_bytes().decode("latin-1").replace("\r\n", "\n")
    for block in text.split("-----------------------------------------------")[1:]:
        header, raw = re.split(r"bytes\)? ?:\n", block, maxsplit=1)
        (received if "message received" in header else sent).append(sip.Message(raw.lstrip("\n")))
    return sent, received


def ask_options(address):
    """Whether somebody answers SIP over UDP there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        probe.settimeout(0.3)
        here = f"127.0.0.1:{probe.getsockname()[1]}"
        probe.sendto((f"OPTIONS sip:{address} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{time.monotonic_ns()}\r\n"
                      f"From: <sip:lab@{here}>;tag=1\r\nTo: <sip:{address}>\r\nCall-ID: {time.monotonic_ns()}@lab\r\n"
                      "CSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\nContent-Length: 0\r\n\r\n").encode(), (address, PORT))
        try:
            return probe.recv(4096).startswith(b"SIP/2.0 ")
        except OSError:
            return False


def ask_soa(address, port, domain):
    """Whether a name server there answers for a domain."""
    name = b"".join(bytes([len(label)]) + label.encode() for label in domain.split(".")) + b"\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.3)
        probe.sendto(b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0" + name + b"\0\x06\0\x01", (address, port))
        try:
            reply = probe.recv(4096)
        except OSError:
            return False
        return reply[:2] == b"\x12\x34" and reply[3] & 15 == 0 and reply[7] > 0
