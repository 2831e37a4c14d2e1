"""The test runner must not take a crash, a hang or silence for success."""
import contextlib
import importlib.util
import io
import pathlib
import tempfile
import unittest
import xml.etree.ElementTree as ET

PATH = pathlib.Path(__file__).resolve().parents[2] / "support" / "runner.py"
XML = """<testsuites><testsuite name="A">
<testcase name="good" status="run" result="completed" classname="A"/>
<testcase name="left_out" status="run" result="skipped" classname="A"><skipped message="no IPsec"/></testcase>
<testcase name="off" status="notrun" result="suppressed" classname="A"/>{}
</testsuite></testsuites>"""
BAD = '<testcase name="bad" status="run" result="completed" classname="A"><failure message="1 != 2"/></testcase>'


class Runner(unittest.TestCase):
    def setUp(self):
        spec = importlib.util.spec_from_file_location("runner", PATH)
        self.runner = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.runner)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.runner.ROOT = pathlib.Path(folder.name)
        self.runner.OUT = self.runner.ROOT / "build" / "tests"
        (self.runner.OUT / "xml").mkdir(parents=True)

    def program(self, path, body):
        path = self.runner.ROOT / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/bash\n" + body)
        path.chmod(0o755)
        return path

    def gtest(self, xml, ending="", pattern=None):
        """What comes of a test executable that leaves `xml` and then does `ending`."""
        write = f"cat >\"${{1#--gtest_output=xml:}}\" <<'XML'\n{xml}\nXML\n" if xml else ""
        self.program("build/release/tests/x_tests", write + ending)
        return self.runner.run_gtest("unit", "release", "x_tests", pattern).count()

    def script(self, label, body):
        return self.runner.run_script(label, self.program(f"tests/{label}/x", body)).count()

    def test_passed_failed_skipped_and_disabled(self):
        self.assertEqual(self.gtest(XML.format("")), (1, 0, 1))
        self.assertEqual(self.gtest(XML.format(BAD), "exit 1"), (1, 1, 1))

    def test_what_ThreadSanitizer_says_of_the_labs_programs_is_a_failure(self):
        checks = 'echo \'{"checks":[{"name":"a call","ok":true}]}\' >"$1"\n'
        self.program("tests/interop/demo", checks)
        self.assertEqual(self.runner.run_demo_under_tsan().count(), (2, 0, 0))
        self.program("tests/interop/demo", checks + 'echo "data race" >"${TSAN_OPTIONS#log_path=}.123"\n')
        self.assertEqual(self.runner.run_demo_under_tsan().count(), (1, 1, 0))

    def test_a_crash_is_a_failure_with_or_without_results(self):
        self.assertEqual(self.gtest("", "kill -SEGV $$"), (0, 1, 0))
        self.assertEqual(self.gtest(XML.format(""), "kill -ABRT $$"), (1, 1, 1))
        self.assertEqual(self.gtest("<testsuites><tests", "exit 0"), (0, 1, 0))

    def test_running_nothing_is_a_failure_unless_a_filter_asked_for_less(self):
        self.assertEqual(self.gtest("<testsuites/>"), (0, 1, 0))
        self.assertEqual(self.gtest("<testsuites/>", pattern="Other.*"), (0, 0, 0))

    def test_results_of_an_earlier_run_do_not_count(self):
        self.gtest(XML.format(""))
        self.assertEqual(self.gtest("", "exit 0"), (0, 1, 0))

    def test_a_hang_is_ended_with_its_children_and_counted(self):
        self.runner.SECONDS_FOR = {"unit": 0.3}
        self.assertEqual(self.gtest("", "sleep 600 & wait"), (0, 1, 0))

    def test_scripts_report_their_checks(self):
        report = '{"checks":[{"name":"a","ok":true,"detail":""},{"name":"b","ok":%s,"detail":"why"}]}'
        self.assertEqual(self.script("interop", f"echo '{report % 'true'}' >$1"), (2, 0, 0))
        self.assertEqual(self.script("interop", f"echo '{report % 'false'}' >$1; exit 1"), (1, 1, 0))
        self.assertEqual(self.script("interop", f"echo '{report % 'true'}' >$1; exit 3"), (2, 1, 0))

    def test_a_script_without_a_report_is_a_failure_unless_it_says_77(self):
        self.assertEqual(self.script("interop", "exit 0"), (0, 1, 0))
        self.assertEqual(self.script("interop", "echo '{' >$1"), (0, 1, 0))
        self.assertEqual(self.script("interop", "echo no such kernel; exit 77"), (0, 0, 1))

    def test_a_benchmark_speaks_by_its_exit_code(self):
        self.assertEqual(self.script("bench", "echo 0.1"), (1, 0, 0))
        self.assertEqual(self.script("bench", "exit 1"), (0, 1, 0))

    def test_merged_results_have_the_sums(self):
        self.program("build/release/tests/x_tests",
                     f"cat >\"${{1#--gtest_output=xml:}}\" <<'XML'\n{XML.format(BAD)}\nXML\nexit 1")
        suite = self.runner.run_gtest("unit", "release", "x_tests", None)
        with contextlib.redirect_stdout(io.StringIO()):
            self.runner.show(suite)
        self.assertEqual(self.runner.merge([suite, suite]), [2, 2, 2])
        root = ET.parse(self.runner.OUT / "results.xml").getroot()
        self.assertEqual((root.get("tests"), root.get("failures"), root.get("skipped")), ("6", "2", "2"))
        self.assertEqual(len(root.findall("testsuite")), 2)


if __name__ == "__main__":
    unittest.main()
