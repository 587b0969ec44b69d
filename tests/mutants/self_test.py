#!/usr/bin/env python3
"""Shows that tools/mutants tells a kill from what is none."""

import importlib.machinery
import importlib.util
import pathlib
import stat
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools/mutants"
LOADER = importlib.machinery.SourceFileLoader("mutants", str(TOOL))
mutants = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutants", LOADER))
LOADER.exec_module(mutants)

GOOD = """file: lib/a.cpp
checker: exclusion loss
why: It is wrong
why: in two lines.

--- right
int a = 1;
+++ wrong
int a = 2;

--- right
int b;
+++ wrong
"""


class Reading(unittest.TestCase):
    def test_takes_fields_and_pairs(self):
        mutant = mutants.parse("m", GOOD)
        self.assertEqual(mutant, ("m", "lib/a.cpp", ["exclusion", "loss"],
                                  "It is wrong in two lines.",
                                  [("int a = 1;", "int a = 2;"), ("int b;", "")]))

    def test_refuses_what_it_does_not_understand(self):
        for bad in (GOOD.replace("file: ", "fail: "), GOOD.replace("checker: exclusion loss\n", ""),
                    GOOD.replace("--- right", "--- left"), GOOD.replace("+++ wrong\n", "", 1),
                    GOOD.split("---", maxsplit=1)[0], GOOD.replace("why: in", "in")):
            with self.assertRaises(mutants.Bad):
                mutants.parse("m", bad)

    def test_replaces_each_piece_where_it_is_found_once(self):
        mutant = mutants.parse("m", GOOD)
        self.assertEqual(mutants.mutate(mutant, "int a = 1;\n\nint b;\n"), "int a = 2;\n\n\n")

    def test_refuses_a_piece_that_is_not_found_once(self):
        mutant = mutants.parse("m", GOOD)
        for text in ("int a = 1;\n\n", "int a = 1;\n\nint b;\nint b;\n", "int b;\n"):
            with self.assertRaisesRegex(mutants.Bad, "not once"):
                mutants.mutate(mutant, text)

    def test_refuses_a_change_that_changes_nothing(self):
        mutant = mutants.parse("m", GOOD.replace("int a = 2", "int a = 1"))
        with self.assertRaisesRegex(mutants.Bad, "equal"):
            mutants.mutate(mutant, "int a = 1;\n\nint b;\n")

    def test_refuses_files_that_are_not_production_code(self):
        with tempfile.TemporaryDirectory() as folder:
            mutant = mutants.parse("m", GOOD.replace("lib/a.cpp", "tests/a.cpp"))
            with self.assertRaisesRegex(mutants.Bad, "no file of lib"):
                mutants.mutated_text(mutant, pathlib.Path(folder))


class Hunting(unittest.TestCase):
    """With shell scripts in place of the simulation; $2 is the first seed, $4 how many."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.mutant = mutants.parse("m", GOOD)
        self.base_line = mutants.BaseLine(self.program("right", "echo 1 seeds, 0 violations, x"), 60)

    def program(self, name, script):
        path = pathlib.Path(self.folder.name, name)
        path.write_text("#!/bin/sh\n" + script + "\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    def hunt(self, script, seeds=20000, limit=60):
        return mutants.hunt(self.mutant, self.program("wrong", script), self.base_line, seeds, limit)

    def test_a_kill_tells_the_checker_and_the_seeds(self):
        script = ('[ $2 = 101 ] && echo "seed 123: [loss] late" && sleep 60\n'
                  'echo "9 seeds, 0 violations, x"')
        self.assertEqual(self.hunt(script), ("killed by loss after 123 seeds", 123))

    def test_a_survivor_has_run_every_seed_once(self):
        log = pathlib.Path(self.folder.name, "log")
        what, seeds = self.hunt(f'echo "$2 $4" >> {log}; echo "9 seeds, 0 violations, x"')
        self.assertEqual((what, seeds), ("SURVIVED 20000 seeds", None))
        runs = [tuple(map(int, line.split())) for line in log.read_text("utf-8").splitlines()]
        self.assertEqual(runs, list(mutants.blocks(20000)))
        self.assertEqual(sum(count for _, count in runs), 20000)
        for (first, count), (following, _) in zip(runs, runs[1:]):
            self.assertEqual(first + count, following)

    def test_the_wrong_checker_is_no_kill(self):
        what, seeds = self.hunt('echo "seed 7: [cause] x"; echo "9 seeds, 1 violations, x";'
                                'exit 1')
        self.assertEqual((what, seeds),
                         ("killed by cause (seed 7), not by exclusion or loss: no kill", None))

    def test_a_crash_is_no_kill(self):
        for script in ("kill -SEGV $$", "exit 3", "true", 'echo "seed 1: [cause] x"; exit 1'):
            with self.assertRaisesRegex(mutants.Bad, "crashed: no kill"):
                self.hunt(script)

    def test_a_time_out_is_no_kill(self):
        what, seeds = self.hunt("exec sleep 60", limit=0.2)
        self.assertEqual((what, seeds), ("timed out after 0.2 s: no kill", None))

    def test_the_right_program_must_pass_the_same_seeds(self):
        self.base_line.program = self.program(
            "right", '[ $2 = 101 ] && echo "seed 150: [loss] x"; echo "9 seeds, 1 violations, x"')
        with self.assertRaisesRegex(mutants.BaseLineFailed, "150"):
            self.hunt('echo "9 seeds, 0 violations, x"')


if __name__ == "__main__":
    unittest.main()
