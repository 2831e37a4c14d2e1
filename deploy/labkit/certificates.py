"""The lab's private authority and what it issues: made anew at every start, of use nowhere else."""
import subprocess

from .process import LabError


class Authority:
    def __init__(self, folder):
        self.folder = folder

    @property
    def file(self):
        return self.folder / "authority.pem"

    def openssl(self, *arguments):
        try:
            done = subprocess.run(["openssl", *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True)
        except OSError as why:
            raise LabError(f"openssl cannot be run: {why}") from why
        if done.returncode:
            raise LabError(f"openssl {arguments[0]} failed:\n{done.stdout[-1000:]}")

    def make(self):
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 30,
                     "-subj", "/CN=Authority of the lab", "-keyout", self.folder / "authority.key", "-out", self.file)

    def issue(self, name, *names):
        """NAME.pem and NAME.key for these names, as in "URI:sip:a.example", "DNS:a.example", "IP:127.0.0.1"."""
        request = self.folder / f"{name}.csr"
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={','.join(names)}\nbasicConstraints=CA:FALSE\n")
        self.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                     f"/CN={name}", "-keyout", self.folder / f"{name}.key", "-out", request)
        self.openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.folder / "authority.key",
                     "-CAcreateserial", "-days", 30, "-extfile", extensions, "-out", self.folder / f"{name}.pem")
