"""Builds and runs the tests and merges their results; called by tests/run."""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "build" / "tests"
DEFAULT = ["unit", "flow", "database", "torture", "asan", "tsan", "system", "interop", "tidy", "fuzz"]
QUICK = ["unit", "flow"]
LABELS = DEFAULT + ["bench"]
# Parsing what strangers send, and the life of calls, is where memory errors hide: these run under the sanitizers too.
UNDER_ASAN = {"unit_common_sip_tests", "flow_tests"}
# Where threads meet: the workers, the resolver's thread, the programs with a database.
UNDER_TSAN = {"unit_common_runtime_tests", "unit_common_transport_tests", "flow_tests"}
SECONDS_FOR = {"unit": 300, "flow": 600, "database": 900, "torture": 1800, "asan": 900, "tsan": 900,
               "interop": 1200, "bench": 600, "system": 900, "tidy": 1800, "fuzz": 1800}
SKIPPED = 77
SANITIZER = {"asan": {"ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"},
             "tsan": {"TSAN_OPTIONS": "exitcode=66"}}
# What one checkout compiled serves another one of the same sources.
SHARED_CACHE = {**os.environ, "CCACHE_BASEDIR": str(ROOT), "CCACHE_NOHASHDIR": "1"}


class Suite:
    """The results of one executable or script: what it reported, or that it broke."""

    def __init__(self, label, name):
        self.label, self.name, self.element, self.output = label, name, None, ""
        self.seconds = 0.0

    def broke(self, why):
        """A program that crashed, hung or ran nothing is a failed test of its own."""
        case = ET.SubElement(self.element, "testcase", name=self.name, classname=f"{self.label}.program")
        ET.SubElement(case, "failure", message=why).text = self.output[-20000:]

    def count(self):
        passed = failed = skipped = 0
        for case in self.element.iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                failed += 1
            elif case.get("status") == "notrun":
                continue  # disabled: neither passed nor skipped
            elif case.find("skipped") is not None or case.get("result") == "skipped":
                skipped += 1
            else:
                passed += 1
        return passed, failed, skipped


def say(text):
    print(text, flush=True)


def build(preset, targets):
    """Configures and builds; True when it worked."""
    commands = [["cmake", "--preset", preset],
                ["cmake", "--build", "--preset", preset, "--parallel", str(os.cpu_count() or 2)]]
    if targets:
        commands[1] += ["--target", *targets]
    for command in commands:
        say("run: " + " ".join(command))
        if subprocess.run(command, cwd=ROOT, stdout=sys.stderr, env=SHARED_CACHE).returncode:
            return False
    return True


def listed(preset):
    """(label, executable's name) as CMake wrote them down."""
    path = ROOT / "build" / preset / "tests" / "list"
    return [tuple(line.split()) for line in path.read_text().splitlines() if line.strip()]


def execute(suite, command, environment=None):
    """Runs it in a session of its own, so that its children end with it; None when it took too long."""
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               errors="replace", start_new_session=True, env={**os.environ, **(environment or {})})
    try:
        suite.output = process.communicate(timeout=SECONDS_FOR[suite.label])[0]
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 15)
        try:
            suite.output = process.communicate(timeout=30)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            suite.output = process.communicate()[0]
        code = None
    suite.seconds = time.monotonic() - start
    return code


def ending(code, label):
    if code is None:
        return f"took longer than {SECONDS_FOR[label]} s"
    return f"ended by signal {-code}" if code < 0 else f"ended with {code}"


def run_gtest(label, preset, name, pattern):
    suite = Suite(label, name)
    report = OUT / "xml" / f"{label}-{name}.xml"
    report.unlink(missing_ok=True)
    command = [str(ROOT / "build" / preset / "tests" / name), f"--gtest_output=xml:{report}"]
    if pattern:
        command.append(f"--gtest_filter={pattern}")
    code = execute(suite, command, SANITIZER.get(preset))
    suite.element = ET.Element("testsuite", name=name)
    try:
        for inner in ET.parse(report).getroot().iter("testsuite"):
            suite.element.extend(inner.findall("testcase"))
    except (OSError, ET.ParseError):
        suite.broke(ending(code, label) + " and left no results")
        return suite
    passed, failed, skipped = suite.count()
    if code != 0 and failed == 0:
        suite.broke(ending(code, label))
    elif passed + failed + skipped == 0 and not pattern:
        suite.broke("ran no test")
    return suite


def run_script(label, path, environment=None):
    """A script writes {"checks":[{"name","ok","detail"}]} into the file named by its argument; one under bench may
    speak by its exit code alone. 77 without a report: skipped, and the last line says why."""
    suite = Suite(label, str(path.relative_to(ROOT / "tests")))
    report = OUT / "xml" / f"{label}-{suite.name.replace('/', '-')}.json"
    report.unlink(missing_ok=True)
    code = execute(suite, [str(path), str(report)], environment)
    suite.element = ET.Element("testsuite", name=suite.name)
    checks = []
    if report.exists():
        try:
            checks = json.loads(report.read_text())["checks"]
        except (ValueError, KeyError, TypeError):
            suite.broke("its report cannot be read")
            return suite
    for check in checks:
        case = ET.SubElement(suite.element, "testcase", name=check["name"], classname=f"{label}.{path.name}")
        if check["ok"] is not True:
            ET.SubElement(case, "failure", message=check.get("detail", "")).text = suite.output[-20000:]
    if code == SKIPPED and not checks:
        case = ET.SubElement(suite.element, "testcase", name=path.name, classname=label)
        lines = suite.output.strip().splitlines()
        ET.SubElement(case, "skipped", message=lines[-1] if lines else "")
    elif code != 0 and suite.count()[1] == 0:
        suite.broke(ending(code, label))
    elif code == 0 and not checks:
        if label == "bench":
            ET.SubElement(suite.element, "testcase", name=path.name, classname=label)
        else:
            suite.broke("reported no check")
    return suite


def scripts(label):
    folder = ROOT / "tests" / label
    found = [path for path in sorted(folder.glob("*")) if path.is_file() and os.access(path, os.X_OK)]
    return found + sorted(folder.glob("*/run"))


def show(suite):
    passed, failed, skipped = suite.count()
    say(f"run: {suite.label:9} {suite.name:40} {passed} passed, {failed} failed, {skipped} skipped "
        f"({suite.seconds:.1f} s)")
    if failed:
        say(suite.output[-6000:])
        for case in suite.element.iter("testcase"):
            failure = case.find("failure")
            if failure is not None:
                say(f"run: FAILED {case.get('classname')}.{case.get('name')}: {(failure.get('message') or '')[:400]}")


def merge(suites):
    root = ET.Element("testsuites", name="isthmus")
    totals = [0, 0, 0]
    for suite in suites:
        passed, failed, skipped = suite.count()
        suite.element.set("name", f"{suite.label}/{suite.name}")
        suite.element.set("tests", str(passed + failed + skipped))
        suite.element.set("failures", str(failed))
        suite.element.set("skipped", str(skipped))
        suite.element.set("time", f"{suite.seconds:.3f}")
        root.append(suite.element)
        totals = [a + b for a, b in zip(totals, (passed, failed, skipped))]
    for name, value in zip(("tests", "failures", "skipped"), (sum(totals), totals[1], totals[2])):
        root.set(name, str(value))
    OUT.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(root).write(OUT / "results.xml", encoding="utf-8", xml_declaration=True)
    return totals


def broken_build(preset):
    suite = Suite("build", preset)
    suite.element = ET.Element("testsuite", name=preset)
    suite.broke(f"preset {preset} does not build")
    return suite


def run_all(labels, pattern):
    in_release = [label for label in labels if label in ("unit", "flow", "database", "system", "interop", "tidy", "bench")]
    in_asan = [label for label in labels if label in ("torture", "asan")]
    in_tsan = "tsan" in labels
    if in_release:
        if not build("release", []):
            yield broken_build("release")
            return
        for label, name in listed("release"):
            if label in in_release:
                yield run_gtest(label, "release", name, pattern)
    if in_asan:
        yield from run_under_asan(in_asan, pattern)
    if in_tsan:
        yield from run_under_tsan(pattern)
    for label in ("unit", "interop", "tidy", "fuzz", "bench"):
        if label in labels and not pattern:
            for path in scripts(label):
                yield run_script(label, path)


def configured(preset):
    return not subprocess.run(["cmake", "--preset", preset], cwd=ROOT, stdout=sys.stderr, env=SHARED_CACHE).returncode


def run_under_asan(labels, pattern):
    if not configured("asan"):
        yield broken_build("asan")
        return
    chosen = [(label, name) for label, name in listed("asan") if label == "torture" and "torture" in labels]
    chosen += [("asan", name) for _, name in listed("asan") if name in UNDER_ASAN and "asan" in labels]
    if chosen and not build("asan", [name for _, name in chosen]):
        yield broken_build("asan")
        return
    for label, name in chosen:
        yield run_gtest(label, "asan", name, pattern)


def run_under_tsan(pattern):
    start = time.monotonic()
    names = [name for _, name in listed("tsan") if name in UNDER_TSAN] if configured("tsan") else []
    if not names or not build("tsan", [*names, *(f"{role}_program" for role in ("pcscf", "icscf", "scscf"))]):
        yield broken_build("tsan")
        return
    say(f"run: built for ThreadSanitizer in {time.monotonic() - start:.0f} s")
    for name in names:
        yield run_gtest("tsan", "tsan", name, pattern)
    if not pattern:
        yield run_demo_under_tsan()


def run_demo_under_tsan():
    """The lab's checks with the three programs under ThreadSanitizer. Whatever it has to say of them fails the suite,
    also what it says when they end."""
    folder = OUT / "tsan"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    suite = run_script("tsan", ROOT / "tests" / "interop" / "demo",
                       {"ISTHMUS_LAB_BUILD": "tsan", "TSAN_OPTIONS": f"log_path={folder}/report"})
    case = ET.SubElement(suite.element, "testcase", name="no data race in the three programs", classname="tsan.demo")
    reports = sorted(folder.iterdir())
    if reports:
        ET.SubElement(case, "failure", message=f"{len(reports)} programs have reports in {folder}").text = "\n".join(
            report.read_text(errors="replace") for report in reports)[:20000]
    return suite


def compare_with_rules():
    """Of a whole run: docs/compliance.md says which test shows which rule, and must say what this run showed."""
    suite = Suite("unit", "compliance")
    suite.element = ET.Element("testsuite", name="compliance")
    done = subprocess.run([sys.executable, str(ROOT / "tests" / "compliance")], cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    suite.output = done.stdout
    case = ET.SubElement(suite.element, "testcase", name="the page of rules and tests is up to date", classname="docs")
    if done.returncode:
        ET.SubElement(case, "failure", message=done.stdout.strip())
    return suite


def main():
    parser = argparse.ArgumentParser(prog="tests/run")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--label", action="append", choices=LABELS)
    parser.add_argument("--filter")
    options = parser.parse_args()
    labels = options.label or (QUICK if options.quick else DEFAULT)
    (OUT / "xml").mkdir(parents=True, exist_ok=True)
    suites = []
    for suite in run_all(labels, options.filter):
        show(suite)
        suites.append(suite)
    totals = merge(suites)
    if labels == DEFAULT and not options.filter:
        suites.append(compare_with_rules())
        show(suites[-1])
        totals = merge(suites)
    passed, failed, skipped = totals
    if passed + failed + skipped == 0:
        say("run: no test was run")
    say(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
