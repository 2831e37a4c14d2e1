"""Who sits where in the lab: addresses, names, folders. Everything is on the loopback network."""
import hashlib
import os
import pathlib
import secrets

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOME = "ims.example"
ISP = "isp.example"
SECURE_ISP = "secure.example"    # the same server, reached by TLS
IMPOSTOR = "impostor.example"    # its server shows a certificate of somebody else
PORT = 5060
TLS_PORT = 5061
HTTP_PORT = 9090

CORE = {"pcscf": "127.0.1.10", "icscf": "127.0.1.20", "scscf": "127.0.1.30"}
# A second one of each. DNS leads to either I-CSCF; capability and priority lead to an S-CSCF.
SECOND = {"pcscf2": "127.0.1.18", "icscf2": "127.0.1.28", "scscf2": "127.0.1.38"}
NODES = {**CORE, **SECOND}
ICSCF_NAME, PCSCF_NAME = f"icscf.{HOME}", f"pcscf.{HOME}"
NAME_SERVER, DNS_PORT = "127.0.1.53", 5353
KAMAILIO = "127.0.1.50"
KAMAILIO_AS_IMPOSTOR = "127.0.1.51"
# ISTHMUS_LAB_TLS=1: the three CSCFs speak TLS with each other too.
CORE_BY_TLS = os.environ.get("ISTHMUS_LAB_TLS", "") not in ("", "0")
# The build whose programs run: release, or another preset, as tsan.
PRESET = os.environ.get("ISTHMUS_LAB_BUILD") or "release"
PROGRAMS = ROOT / "build" / PRESET / "bin"
# A domain of the ISP with two servers: nobody listens at the first.
BACKUP, DEAD = f"backup.{ISP}", "127.0.1.59"
BARESIP = "127.0.1.60"
BARESIP_CONTROL = 4444
INTERNET_USER, INTERNET_PASSWORD = "dave", "dave-secret"

# SIPp plays these; `up` leaves the first two addresses to one's own phones if they are wanted.
PHONES = {"alice": "127.0.1.11", "bob": "127.0.1.12", "rita": "127.0.1.13", "carol": "127.0.1.14"}
# Who has a card in place of a password; made for this lab, of use nowhere else.
CARDS = {"carol": {"k": "a6eb5ecb4131b197d159bc06b3e199f4", "op": "3f697cd39415c92c3afdf0fc4d24a14a", "amf": "8000"}}


# SIPp asks no name server: who uses the second P-CSCF is told so.
AT_SECOND_PCSCF = {"bob"}
# Who wants a capability that only the second S-CSCF has.
CAPABILITY = 7
WANTS_CAPABILITY = {"bob"}


def pcscf_of(user):
    return NODES["pcscf2"] if user in AT_SECOND_PCSCF else NODES["pcscf"]


def role_of(node):
    return node.rstrip("2")


def with_password():
    return [user for user in PHONES if user not in CARDS]


def core_uri(node):
    """How the other CSCFs reach this one."""
    return f"sip:{NODES[node]}:{TLS_PORT};transport=tls" if CORE_BY_TLS else f"sip:{NODES[node]}:{PORT}"


def icscf_uri():
    """Either of the two, as DNS says."""
    return f"sip:{ICSCF_NAME}" + (";transport=tls" if CORE_BY_TLS else "")


def password(user):
    return f"{user}-secret"


def title_of():
    """Ladder columns, left to right."""
    return {**{address: user for user, address in PHONES.items()},
            NODES["pcscf"]: "P-CSCF", NODES["pcscf2"]: "P-CSCF 2", NODES["icscf"]: "I-CSCF", NODES["icscf2"]: "I-CSCF 2",
            NODES["scscf"]: "S-CSCF", NODES["scscf2"]: "S-CSCF 2",
            DEAD: "dead server", KAMAILIO: "ISP (Kamailio)", KAMAILIO_AS_IMPOSTOR: "impostor", BARESIP: "dave (baresip)"}


class Folders:
    """State of one lab; ISTHMUS_LAB_DIR chooses another than build/lab."""

    def __init__(self):
        self.base = pathlib.Path(os.environ.get("ISTHMUS_LAB_DIR") or ROOT / "build" / "lab").resolve()
        self.run = self.base / "run"
        self.log = self.base / "log"
        self.config = self.base / "config"
        self.trace = self.base / "trace"
        self.isp = self.base / "isp"
        self.dns = self.base / "dns"
        self.phone = self.base / "phone"
        self.sipp = self.base / "sipp"
        self.certificates = self.base / "certificates"

    def make(self):
        for folder in (self.run, self.log, self.config, self.trace, self.isp, self.dns, self.phone, self.sipp):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def cluster(self):
        """PostgreSQL's folder. A server user that is not us must reach it, and a socket's path is at most 107 long."""
        inside = self.base / "postgresql"
        if os.geteuid() != 0 and len(str(inside)) < 80:
            return inside
        return pathlib.Path("/var/tmp") / ("isthmus-lab-" + hashlib.sha256(str(self.base).encode()).hexdigest()[:12])

    def token_secret(self):
        """Made once, so that tokens outlive a restart."""
        path = self.base / "token_secret"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(24))
        return path.read_text()
