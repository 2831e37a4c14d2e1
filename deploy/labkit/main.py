"""The verbs of deploy/lab."""
import argparse
import os
import pathlib
import shutil
import signal
import subprocess
import sys

from . import judge, trace
from .demo import Demo
from .layout import (BACKUP, BARESIP, CARDS, CORE, DNS_PORT, HOME, HTTP_PORT, INTERNET_USER, ISP, KAMAILIO, NAME_SERVER,
                     NODES, PCSCF_NAME, PORT, PRESET, PROGRAMS, ROOT, Folders, password, title_of, with_password)
from .postgresql import BINARIES, Cluster
from .process import LabError, undisturbed
from .programs import Lab, health


def say(text):
    print(f"lab: {text}", flush=True)


def build():
    """The programs of the three roles; the folder they are in."""
    targets = [f"{role}_program" for role in CORE]
    for command in (["cmake", "--preset", PRESET], ["cmake", "--build", "--preset", PRESET, "--target", *targets]):
        say(" ".join(command))
        if subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL if command[1] == "--preset" else None).returncode:
            raise LabError("the build failed")
    return PROGRAMS


def introduce(lab):
    print(f"""
The lab is up. Everything is on this machine's loopback network.
  P-CSCF   {NODES['pcscf']}:{PORT}, {NODES['pcscf2']}:{PORT} (SRV of {PCSCF_NAME})   where an IMS phone registers, domain {HOME}
  I-CSCF   {NODES['icscf']}:{PORT}, {NODES['icscf2']}:{PORT}   S-CSCF {NODES['scscf']}:{PORT}, {NODES['scscf2']}:{PORT}
           metrics and health on port {HTTP_PORT} of each
  users    {', '.join(f'{user}@{HOME} (password {password(user)})' for user in with_password())}
  card     {', '.join(f'{user}@{HOME} (K {card["k"]}, OP {card["op"]}, AMF {card["amf"]})' for user, card in CARDS.items())}
  names    {HOME}, {ISP}, {BACKUP}: unbound on {NAME_SERVER}:{DNS_PORT}
  ISP      {ISP}: Kamailio on {KAMAILIO}:{PORT}; sip:{INTERNET_USER}@{ISP} is a baresip that answers by itself
  policy   deploy/lab psql, then for example: SELECT policy.deny_domain('{ISP}', 'why');
  look     deploy/lab status | logs [NAME] | trace [CALL-ID|last] | diagnose USER|CALL-ID|dns NAME
  state    {lab.folders.base}
Stop it with deploy/lab down.""")


def status(lab):
    everything = True
    for name in ("unbound", "kamailio", "baresip", *NODES):
        pid = lab.programs.pid(name)
        detail = ""
        if name in NODES and pid:
            serving, body = health(name)
            detail = body.strip() or "no answer on /healthz"
            everything = everything and serving
        everything = everything and pid is not None
        print(f"{name:10} {'pid ' + str(pid) if pid else 'not running':14} {detail}")
    running = lab.cluster.running
    print(f"{'postgresql':10} {'running' if running else 'not running':14} {lab.cluster.folder}")
    return 0 if everything and running else 1


def logs(lab, name):
    known = sorted(path.stem for path in lab.folders.log.glob("*.log"))
    if name and name not in known:
        raise LabError(f"there is no log {name}; there are {', '.join(known) or 'none yet'}")
    for one in [name] if name else known:
        print(f"--- {one} ---")
        print(lab.programs.tail(one, 200 if name else 20))
    return 0


def psql(lab, rest):
    if not lab.cluster.running:
        raise LabError("PostgreSQL is not running: deploy/lab up")
    os.execv(BINARIES / "psql", ["psql", "-d", lab.cluster.conninfo("isthmus_admin"), *rest])


def show_trace(lab, what):
    records = lab.records()
    calls = trace.calls(records)
    if what == "last":
        if not calls:
            raise LabError("no call was traced yet")
        what = calls[-1]
    chosen = trace.of_call(records, what)
    if not any(record.kind == "message" for record in chosen):
        raise LabError(f"no message has Call-ID {what}; calls traced: {', '.join(calls[-5:]) or 'none'}")
    print(f"Call-ID {what}")
    print(trace.Ladder(title_of()).draw(chosen), end="")
    return 0


def explain_call(records, call_id):
    chosen = trace.of_call(records, call_id)
    arrows = trace.arrows_of(chosen)
    invite = next((arrow for arrow in arrows if arrow.message.method == "INVITE" and not arrow.message.is_response), None)
    if invite is None:
        raise LabError(f"no INVITE has Call-ID {call_id}")
    who, whom = judge.parties(invite.message)
    print(f"{who} called {whom} (Call-ID {invite.message.call_id})")
    for node, text, rules in trace.in_words(chosen):
        print(f"  {title_of().get(node, node)} decided: {text}" + (f" [{', '.join(rules)}]" if rules else ""))
    final = next((arrow.message for arrow in reversed(arrows)
                  if arrow.message.status >= 200 and arrow.message.method == "INVITE" and arrow.target == invite.source), None)
    if final is None:
        print("  no final answer reached the caller. What to do: deploy/lab status, then look at the ladder "
              f"(deploy/lab trace '{call_id}') for the last node that got the INVITE")
    elif final.status < 300:
        print("  it was answered. Nothing to do.")
    else:
        meaning, action = judge.advice(final.status)
        warning = final.first("warning")
        print(f"  it ended with {final.status} {final.reason}" + (f", Warning {warning}" if warning else ""))
        print(f"  that means: {meaning}. What to do: {action}")


def explain_registration(records, identity):
    """Why somebody is not registered: what became of the last REGISTER."""
    arrows = [arrow for arrow in trace.arrows_of(records) if arrow.message.method == "REGISTER"
              and judge.parties(arrow.message)[1] == identity]
    asked = next((arrow for arrow in reversed(arrows) if not arrow.message.is_response
                  and trace.host(arrow.target) in (NODES["pcscf"], NODES["pcscf2"])), None)
    if asked is None:
        print(f"  not registered, and no REGISTER came. What to do: let the phone register at {CORE['pcscf']}:{PORT}, "
              f"domain {HOME}")
        return
    answer = next((arrow.message for arrow in arrows if arrow.target == asked.source and arrow.message.status >= 200
                   and arrow.message.cseq == asked.message.cseq
                   and arrow.message.call_id == asked.message.call_id), None)
    if answer is None:
        meaning, action = "the last REGISTER got no answer", "deploy/lab status"
    else:
        meaning, action = judge.registration_advice(answer.status)
        meaning = f"the last REGISTER was answered with {answer.status} {answer.reason}: {meaning}"
    print(f"  not registered; {meaning}. What to do: {action} (ladder: deploy/lab trace '{asked.message.call_id}')")


def explain_user(lab, records, user):
    identity = user if ":" in user else f"sip:{user}" if "@" in user else f"sip:{user}@{HOME}"
    if not lab.cluster.running:
        raise LabError("PostgreSQL is not running: deploy/lab up")
    quoted = identity.replace("'", "''")
    # The lab's owner looks at everything, so as superuser; operators have isthmus_reader.
    rows = lab.cluster.sql("SELECT b.contact, ceil(extract(epoch FROM b.expires - now())) FROM subscriber.binding b "
                           f"JOIN subscriber.public_identity p USING (set_id) WHERE p.uri = '{quoted}'", "postgres")
    known = lab.cluster.sql(f"SELECT barred FROM subscriber.public_identity WHERE uri = '{quoted}'", "postgres")
    if not known:
        name, _, domain = identity.partition(":")[2].partition("@")
        print(f"{identity} is no subscriber. What to do: SELECT subscriber.add('{name}', '{domain or HOME}', 'password') "
              "in deploy/lab psql")
        return
    print(f"{identity} is a subscriber" + (", but barred" if known[0][0] == "t" else ""))
    for contact, seconds in rows:
        print(f"  registered at {contact}, for {seconds} s more")
    if not rows:
        explain_registration(records, identity)
    mine = [call for call in trace.calls(records) if identity in judge.parties(
        next(record.message for record in records if record.call_id == call and record.kind == "message"))]
    if mine:
        explain_call(records, mine[-1])
    else:
        print("  no call of this user was traced")


def diagnose_dns(lab, name):
    """The S-CSCF's own program and configuration say where a call would go, and why."""
    program, config = PROGRAMS / "scscf", lab.folders.config / "scscf.toml"
    if not lab.programs.pid("unbound") or not config.exists():
        raise LabError("the lab is not up: deploy/lab up")
    uri = name if name.startswith(("sip:", "sips:")) else f"sip:{name}"
    return subprocess.run([program, "--config", config, "diagnose", "dns", uri]).returncode


def diagnose(lab, what, name):
    if what == "dns":
        if not name:
            raise LabError("which name? For example: deploy/lab diagnose dns " + ISP)
        return diagnose_dns(lab, name)
    records = lab.records()
    if any(record.kind == "message" and record.call_id == what for record in records):
        explain_call(records, what)
    else:
        explain_user(lab, records, what)
    return 0


def demo(lab, options):
    ours = not lab.programs.pid("scscf")
    new_cluster = not (lab.cluster.folder / "data").exists()
    checks = Demo(lab)
    good = False
    try:
        if ours:
            clear_traces(lab)
            lab.binaries = build()
            lab.start(say)
        else:
            lab.cluster.allow_isp()  # whatever was tried before, the demo starts from the same policy
        good = checks.run()
    except LabError as why:
        say(str(why))
        checks.results.append({"name": "the lab starts", "ok": False, "detail": str(why)})
    finally:
        if options.report:
            checks.report(pathlib.Path(options.report))
        if ours and not options.keep:
            with undisturbed():
                lab.stop()
                if new_cluster:
                    lab.cluster.remove()
    held = sum(result["ok"] for result in checks.results)
    print(f"\n{held} of {len(checks.results)} checks are true" + (f"; traces and logs are in {lab.folders.base}" if ours else ""))
    if options.keep and ours:
        introduce(lab)
    return 0 if good else 1


def clear_traces(lab):
    for folder in (lab.folders.trace, lab.folders.log, lab.folders.sipp):
        shutil.rmtree(folder, ignore_errors=True)
    lab.folders.make()


def up(lab):
    if lab.programs.pid("scscf"):
        say("it is up already")
        return status(lab)
    clear_traces(lab)
    lab.binaries = build()
    try:
        lab.start(say)
    except BaseException:  # Ctrl-C and SIGTERM too: half a lab is of no use
        with undisturbed():
            lab.stop()
        raise
    introduce(lab)
    return 0


def parse():
    parser = argparse.ArgumentParser(prog="deploy/lab", description="Isthmus with an ISP and phones, on the loopback.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("demo", help="start everything, show the checks, stop everything")
    verb.add_argument("--report", metavar="FILE", help='write {"checks":[{"name","ok","detail"}]}')
    verb.add_argument("--keep", action="store_true", help="leave it running")
    verbs.add_parser("up", help="start everything for one's own phones")
    verbs.add_parser("down", help="stop everything; subscribers and policy stay for the next up")
    verbs.add_parser("status", help="what runs, and what it says of itself")
    verb = verbs.add_parser("logs", help="the end of every log, or more of one")
    verb.add_argument("name", nargs="?")
    verbs.add_parser("psql", help="the database, as operator; what follows goes to psql")
    verb = verbs.add_parser("trace", help="a call's ladder with the decisions")
    verb.add_argument("call", nargs="?", default="last", metavar="CALL-ID|last")
    verb = verbs.add_parser("diagnose", help="in words: what happened to a user or call, and what to do")
    verb.add_argument("what", metavar="USER|CALL-ID|dns")
    verb.add_argument("name", nargs="?", help="with dns: a domain, host or SIP URI")
    options, rest = parser.parse_known_args()
    options.rest = rest
    if options.rest and options.verb != "psql":
        parser.error("unrecognized arguments: " + " ".join(options.rest))
    return options


def main():
    options = parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that `finally` runs
    try:
        folders = Folders()
        lab = Lab(folders, Cluster(folders), None)
        if options.verb == "demo":
            return demo(lab, options)
        if options.verb == "up":
            return up(lab)
        if options.verb == "down":
            lab.stop()
            return 0
        if options.verb == "status":
            return status(lab)
        if options.verb == "logs":
            return logs(lab, options.name)
        if options.verb == "psql":
            return psql(lab, options.rest)
        if options.verb == "trace":
            return show_trace(lab, options.call)
        return diagnose(lab, options.what, options.name)
    except LabError as why:
        say(str(why))
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
