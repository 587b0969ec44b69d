#!/usr/bin/env python3
"""Shows that each rule of tidy.py bites: small bad trees it must reject, good ones it must pass."""

import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import tidy  # noqa: E402  (found by the line above)

ONCE = "#pragma once\n"

# What is wrong, the rule that must find it, the file, its content.
BAD = [
    ("base looks up", "arrows", "lib/base/a.h", ONCE + '#include "lib/env/b.h"\n'),
    ("protocol uses env", "arrows", "lib/protocol/a.cpp", '#include "lib/env/b.h"\n'),
    ("resp uses env", "arrows", "lib/resp/a.cpp", '#include "lib/env/b.h"\n'),
    ("protocol knows nodes", "arrows", "lib/protocol/a.cpp", "#include <quorumlock/node.h>\n"),
    ("the library uses what is for tests", "arrows", "lib/service/a.cpp",
     '#include "lib/testing/b.h"\n'),
    ("nodes use protocol", "arrows", "lib/nodes/a.cpp", '#include "lib/protocol/b.h"\n'),
    ("nodes use service", "arrows", "lib/nodes/a.cpp", '#include "lib/service/b.h"\n'),
    ("spaces do not hide it", "arrows", "lib/base/a.cpp", '  #  include   "lib/env/b.h"\n'),
    ("lib uses tests", "arrows", "lib/service/a.cpp", '#include "tests/support/b.h"\n'),
    ("lib uses tools", "arrows", "lib/service/a.cpp", '#include "tools/cli/b.h"\n'),
    ("a relative include", "arrows", "lib/service/a.cpp", '#include "b.h"\n'),
    ("protocol uses the top face", "arrows", "lib/protocol/a.cpp",
     "#include <quorumlock/lock.h>\n"),
    ("telemetry uses the service", "arrows", "lib/telemetry/a.cpp",
     '#include "lib/service/b.h"\n'),
    ("telemetry uses the top face", "arrows", "lib/telemetry/a.cpp",
     "#include <quorumlock/lock.h>\n"),
    ("a layer nobody knows", "arrows", "lib/magic/a.cpp", '#include "lib/base/b.h"\n'),
    ("a snippet of no example", "snippets", "docs/porting.md", "```cpp\nint x;\n```\n"),
    ("a public header with a private one", "public", "include/quorumlock/a.h",
     ONCE + '#include "lib/base/b.h"\n'),
    ("a public header with a library", "public", "include/quorumlock/a.h", ONCE + "#include <uv.h>\n"),
    ("a public header with a test library", "public", "include/quorumlock/a.h",
     ONCE + "#include <gmock/gmock.h>\n"),
    ("a header for tests with another library", "public", "include/quorumlock/testing/a.h",
     ONCE + "#include <uv.h>\n"),
    ("a public header with threads", "public", "include/quorumlock/a.h",
     ONCE + "#include <mutex>\n"),
    ("an include that is not there", "include", "tests/unit/a_test.cpp",
     '#include "lib/base/missing.h"\n'),
    ("a public header that is not there", "include", "tests/unit/a_test.cpp",
     "#include <quorumlock/missing.h>\n"),
    ("libuv in a node", "foreign", "lib/nodes/a.cpp", "#include <uv.h>\n"),
    ("libuv in a node, quoted", "foreign", "lib/nodes/a.cpp", '#include "uv.h"\n'),
    ("openssl in the service", "foreign", "lib/service/a.cpp", "#include <openssl/rand.h>\n"),
    ("libcurl in a node", "foreign", "lib/nodes/a.cpp", "#include <curl/curl.h>\n"),
    ("JSON in another node", "foreign", "lib/nodes/redis_a.cpp", "#include <nlohmann/json.hpp>\n"),
    ("hiredis in a node", "foreign", "lib/nodes/a.cpp", "#include <hiredis/hiredis.h>\n"),
    ("hiredis in the tools", "foreign", "tools/cli/a.cpp", "#include <hiredis/read.h>\n"),
    ("json in a node", "foreign", "lib/nodes/a.cpp", "#include <nlohmann/json.hpp>\n"),
    ("lua outside the simulation", "foreign", "tests/unit/nodes/a.cpp", "#include <lua.hpp>\n"),
    ("curl in a tool", "foreign", "tools/cli/a.cpp", "#include <curl/curl.h>\n"),
    ("a thread in the protocol", "door", "lib/protocol/a.cpp", "#include <thread>\n"),
    ("an atomic in a node", "door", "lib/nodes/a.cpp", "#include <atomic>\n"),
    ("an atomic by another header", "door", "lib/nodes/a.cpp", "std::atomic<int> x;\n"),
    ("a mutex in an unnamed file of the service", "door", "lib/service/odd.cpp",
     "#include <mutex>\n"),
    ("sockets in resp", "door", "lib/resp/a.cpp", "#include <sys/socket.h>\n"),
    ("the clock of the system", "door", "lib/nodes/a.cpp", "auto t = clock_gettime(0, &x);\n"),
    ("a clock of the library", "door", "lib/nodes/a.cpp",
     "auto t = std::chrono::steady_clock::now();\n"),
    ("chance", "door", "lib/protocol/a.cpp", "#include <random>\n"),
    ("sleep", "door", "lib/service/a.cpp", "std::this_thread::sleep_for(x);\n"),
    ("the environment", "door", "lib/nodes/a.cpp", 'auto p = getenv("A");\n'),
    ("code after a comment", "door", "lib/nodes/a.cpp", "/* x */ std::mutex m;\n"),
    ("an unordered map", "determinism", "tests/sim/a.cpp", "std::unordered_map<int, int> x;\n"),
    ("an unordered set in a node", "determinism", "lib/nodes/a.h",
     ONCE + "std::unordered_set<std::string> x;\n"),
    ("a map keyed by pointers", "determinism", "lib/service/a.cpp",
     "std::map<const Lease*, int> x;\n"),
    ("a set of pointers", "determinism", "tests/sim/a.cpp", "std::set<Node *> x;\n"),
    ("a set of owning pointers", "determinism", "tests/sim/a.cpp",
     "std::set<std::unique_ptr<int>> x;\n"),
    ("a distribution of the library", "determinism", "tests/sim/a.cpp",
     "std::uniform_int_distribution<int> x;\n"),
    ("a generator of the library", "determinism", "tests/sim/a.cpp", "std::mt19937_64 x;\n"),
    ("a shuffle of the library", "determinism", "tests/sim/a.cpp",
     "std::shuffle(v.begin(), v.end(), r);\n"),
    ("the old generator", "determinism", "tests/sim/a.cpp", "int x = rand();\n"),
    ("real time in the simulated world", "determinism", "tests/sim/a.cpp",
     "auto t = std::chrono::steady_clock::now();\n"),
    ("a drift in floating point", "determinism", "tests/sim/a.cpp", "double drift = 0.01;\n"),
    ("a clock's speed in floating point", "determinism", "lib/protocol/a.cpp",
     "float clock_rate = 1;\n"),
    ("two draws in one argument list", "determinism", "tests/sim/a.cpp",
     "f(rng.below(3), rng.below(4));\n"),
    ("two draws over two lines", "determinism", "lib/service/a.cpp",
     "f(g(core.random()),\n  core.random());\n"),
    ("a long file", "size", "lib/base/a.cpp", "// x\n" * 401),
    ("a long test", "size", "tests/unit/a_test.cpp", "// x\n" * 601),
    ("a long script", "size", "tools/a", "#!/bin/sh\n" + "true\n" * 400),
    ("a header without a guard", "once", "lib/base/a.h", "int f();\n"),
    ("a dead link", "docs", "docs/a.md", "see [there](missing.md#part)\n"),
    ("a dead path", "docs", "README.md", "see `lib/base/missing.h`\n"),
    ("a comment that names a missing document", "docs", "lib/base/a.cpp",
     "// Rule A1 of docs/" + "missing.md\n"),
    ("a rule that is not there", "rules", "lib/base/a.cpp", "// Rules A1 and A99.\n"),
    ("a rule of fences that is not there", "rules", "lib/base/a.cpp", "// Rule F99\n"),
    ("a rule of healing that is not there", "rules", "lib/base/a.cpp", "// Rules A1 and H99\n"),
    ("a rule of the guard that is not there", "rules", "lib/base/a.cpp", "// Rule G99\n"),
    ("a path of one machine", "words", "docs/a.md", "in /" + "work/main\n"),
    ("a home", "words", "tools/a.sh", "cd /" + "root/x\n"),
    ("a folder beside the project", "words", "docs/a.md", "../" + "shared/x\n"),
    ("a hazard without a test", "hazards", "docs/safety.md", "| 1 | a mistake | A1 | none |\n"),
    ("a hazard whose test is not there", "hazards", "docs/safety.md",
     "| 1 | a | A1 | `lib/base/b.h`: `is_there` |\n"),
    ("hazards with a gap", "hazards", "docs/safety.md",
     "| 2 | a | A1 | `tests/support/named.cpp`: `a_case` |\n"),
    ("a named test that is not there", "hazards", "docs/safety.md", "`Suite.no_case` shows it\n"),
    ("a named test of another suite", "hazards", "docs/safety.md", "`Other.a_case` shows it\n"),
    ("an alert on a metric that is not there", "alerts", "examples/prometheus/a.yml",
     "expr: quorumlock_made_up_total > 0\n"),
    ("alert rules that are no YAML", "alerts", "examples/prometheus/a.yml", "a: [b\n"),
    ("bad format", "format", "lib/base/a.cpp", "int   f( );\n"),
]

# What every tree has, so that only the bad file is bad.
COMMON = {
    "docs/protocol.md": "| A1 | a rule |\n",
    "lib/base/b.h": ONCE, "lib/env/b.h": ONCE, "lib/protocol/b.h": ONCE, "lib/service/b.h": ONCE,
    "tests/support/b.h": ONCE, "tools/cli/b.h": ONCE, "b.h": ONCE, "uv.h": ONCE,
    "tests/support/named.cpp": "TEST(Suite, a_case) {}\n",
    "lib/telemetry/prometheus.cpp": 'const char* kName = "quorumlock_waits_seconds";\n',
    "lib/testing/b.h": ONCE, "include/quorumlock/node.h": ONCE,
    "include/quorumlock/lock.h": ONCE, "include/quorumlock/time.h": ONCE,
}

GOOD = {
    "lib/protocol/a.cpp": '#include <quorumlock/time.h>\n\n#include "lib/base/b.h"\n'
                          '#include "lib/protocol/b.h"\n\n// Rule A1; std::mutex in words.\n'
                          'const char* kWord = "std::mutex // not";\n',
    "lib/env/a.cpp": "#include <openssl/rand.h>\n#include <sys/socket.h>\n#include <uv.h>\n"
                     "#include <thread>\n\nstd::atomic<int> x;\n",
    "lib/resp/a.cpp": "#include <hiredis/read.h>\n",
    "lib/service/a.cpp": '#include <quorumlock/lock.h>\n\n#include "lib/env/b.h"\n',
    "tests/unit/a_test.cpp": "#include <thread>\n\nint x;\n",
    "lib/service/settings.cpp": "double drift_factor = 0.01;\n",
    "tests/sim/a.cpp": "// std::unordered_map, rand() and double drift in words.\n"
                       "std::map<int, Node*> x;\nstd::set<std::string> y;\n"
                       "int brand() { return f(rng.below(3), 4); }\n"
                       "bool z = g(rng.chance(1, 3) && rng.chance(1, 4), 5);\n"
                       "double hours = 1;\n",
    "tests/sim/main/a.cpp": "auto t = std::chrono::steady_clock::now();\n",
    "tests/unit/b_test.cpp": "std::unordered_map<int, int> x;\n",
    "docs/a.md": "[p](protocol.md#x) and `lib/base/b.h` and [w](https://example.org/x)\n",
    "docs/safety.md": "| 1 | a | A1 | `tests/support/named.cpp`: `a_case` |\n"
                      "`Suite.a_...`, `Suite.a_case/of_many`, `Suite.*`\n",
    "examples/prometheus/a.yml": "expr: quorumlock_waits_seconds_bucket > 0\n",
    "docs/porting.md": "```cpp\n    int a;\n    int b;\n```\n",
    "examples/a.cpp": "void f() {\n    int a;\n\n    int b;\n}\n",
    "build/x/a.cpp": "#include   <hiredis/read.h>\n",
}


def findings(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, content in {**COMMON, **files}.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        style = pathlib.Path(__file__).parents[2] / ".clang-format"
        pathlib.Path(folder, ".clang-format").write_text(style.read_text(), encoding="utf-8")
        tree = tidy.run(folder)
    return tree


class Tidy(unittest.TestCase):
    def test_rejects_what_is_bad(self):
        for what, rule, name, content in BAD:
            with self.subTest(what):
                tree = findings({name: content})
                if rule in ("format", "alerts") and any(rule != "alerts" or name in note
                                                        for note in tree.notes):
                    self.skipTest(tree.notes[0])
                hits = [f for f in tree.findings if f.startswith(name) and f"[{rule}]" in f]
                self.assertTrue(hits, f"{what}: only found {tree.findings}")

    def test_passes_what_is_good(self):
        self.assertEqual(findings(GOOD).findings, [])

    def test_the_front_of_the_service_may_use_an_atomic_but_no_thread(self):
        before = tidy.FRONT_FILES
        tidy.FRONT_FILES = {"lib/service/front.h"}
        try:
            allowed = ONCE + "\n#include <atomic>\n#include <mutex>\n\nstd::atomic<int> x;\n"
            self.assertEqual(findings({"lib/service/front.h": allowed}).findings, [])
            thread = ONCE + "\n#include <thread>\n"
            self.assertEqual(len(findings({"lib/service/front.h": thread}).findings), 1)
        finally:
            tidy.FRONT_FILES = before

    def test_names_file_and_line(self):
        tree = findings({"lib/base/a.cpp": "\n// x\n#include <uv.h>\n"})
        self.assertEqual(len(tree.findings), 1)
        self.assertTrue(tree.findings[0].startswith("lib/base/a.cpp:3: [foreign] uv.h"),
                        tree.findings[0])


if __name__ == "__main__":
    unittest.main()
