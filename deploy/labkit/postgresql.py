"""A private PostgreSQL: own folder, own socket, no TCP; as root it runs as an unprivileged user."""
import os
import pathlib
import pwd
import shutil
import subprocess

from .layout import (BACKUP, CAPABILITY, CARDS, HOME, IMPOSTOR, ISP, KAMAILIO_AS_IMPOSTOR, PHONES, ROOT, SECURE_ISP,
                     TLS_PORT, WANTS_CAPABILITY, core_uri, password)
from .process import LabError

BINARIES = pathlib.Path("/usr/lib/postgresql/15/bin")
DATABASE = "isthmus"


class Cluster:
    def __init__(self, folders):
        self.folder = folders.cluster
        self.log = folders.log / "postgresql.log"
        self.owner = self.server_user()

    @staticmethod
    def server_user():
        """PostgreSQL refuses to run as root; the package brings a user for it."""
        if os.geteuid() != 0:
            return None
        for name in ("postgres", "nobody"):
            try:
                return pwd.getpwnam(name)
            except KeyError:
                continue
        raise LabError("there is no unprivileged user to run PostgreSQL as")

    def tool(self, name, *arguments):
        command = [str(BINARIES / name), *arguments]
        if self.owner:
            command = ["runuser", "-u", self.owner.pw_name, "--", *command]
        done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise LabError(f"{name} failed:\n{done.stdout[-2000:]}")
        return done.stdout

    @property
    def running(self):
        done = subprocess.run([BINARIES / "pg_isready", "-q", "-h", str(self.folder)], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
        return done.returncode == 0

    def conninfo(self, user):
        return f"host={self.folder} dbname={DATABASE} user={user}"

    def make_folder(self):
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self.folder.lstat()
        wanted = self.owner.pw_uid if self.owner else os.geteuid()
        if self.folder.is_symlink() or found.st_uid not in (wanted, os.geteuid()):
            raise LabError(f"{self.folder} belongs to somebody else")
        self.folder.chmod(0o700)
        if self.owner:
            os.chown(self.folder, self.owner.pw_uid, self.owner.pw_gid)

    def start(self):
        if self.running:
            return
        self.make_folder()
        data = self.folder / "data"
        if not (data / "PG_VERSION").exists():
            self.tool("initdb", "-D", str(data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C")
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c max_connections=60"
        self.tool("pg_ctl", "-D", str(data), "-w", "-t", "60", "-l", str(self.folder / "server.log"), "-o", options,
                  "start")
        self.log.unlink(missing_ok=True)
        self.log.symlink_to(self.folder / "server.log")

    def stop(self):
        if self.running:
            self.tool("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "fast", "stop")

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def sql(self, statement, user="isthmus_admin", database=None):
        """Rows as lists of strings. One statement, or several that all must succeed."""
        target = self.conninfo(user) if database is None else f"host={self.folder} dbname={database} user={user}"
        done = subprocess.run([BINARIES / "psql", "-X", "-q", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-d",
                               target, "-f", "-"], input=statement, text=True, capture_output=True)
        if done.returncode:
            raise LabError(f"the database refused: {done.stderr.strip()}\n{statement}")
        return [line.split("\x1f") for line in done.stdout.splitlines() if line]

    def provide(self):
        """Schema, subscribers and policy of the lab; running it again changes nothing."""
        found = self.sql(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'", "postgres", "postgres")
        if not found:
            self.sql(f"CREATE DATABASE {DATABASE}", "postgres", "postgres")
        done = subprocess.run([ROOT / "schema" / "apply", self.conninfo("postgres")], text=True, capture_output=True)
        if done.returncode:
            raise LabError(done.stderr.strip() or "schema/apply failed")
        self.sql(f"SELECT subscriber.add_home_domain('{HOME}');"
                 f"SELECT subscriber.add_server('{core_uri('scscf')}');"
                 # Second choice, but the only one with that capability.
                 f"SELECT subscriber.add_server('{core_uri('scscf2')}', ARRAY[{CAPABILITY}], priority => 1)")
        for number, user in enumerate(PHONES, start=1):
            if not self.sql(f"SELECT 1 FROM subscriber.public_identity WHERE uri = 'sip:{user}@{HOME}'"):
                card = CARDS.get(user)
                secret = (f"k => '{card['k']}', op => '{card['op']}', amf => '{card['amf']}'" if card
                          else f"'{password(user)}'")
                wants = f", mandatory_capabilities => ARRAY[{CAPABILITY}]" if user in WANTS_CAPABILITY else ""
                self.sql(f"SELECT subscriber.add('{user}', '{HOME}', {secret}, tel => '+1555100{number}'{wants})")
        self.allow_isp()
        # The name server says that one is reached by TLS; for the other our own operator demands it.
        self.sql(f"SELECT policy.allow_domain('{SECURE_ISP}', mode => 'RETRY')")
        self.sql(f"SELECT policy.allow_domain('{IMPOSTOR}', mode => 'RETRY', "
                 f"next_hop => 'sip:{KAMAILIO_AS_IMPOSTOR}:{TLS_PORT};transport=tls')")

    def allow_isp(self):
        """The ISP and its second name, found through the name server."""
        self.sql(f"SELECT policy.allow_domain('{ISP}', mode => 'RETRY');"
                 f"SELECT policy.allow_domain('{BACKUP}', mode => 'RETRY')")

    def deny_isp(self, reason):
        self.sql(f"SELECT policy.deny_domain('{ISP}', '{reason}')")
