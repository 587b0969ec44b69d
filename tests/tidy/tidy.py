#!/usr/bin/env python3
"""Keeps the house rules that no compiler keeps.

usage: tidy.py [ROOT]      prints one line a finding, `path:line: [rule] what to do`; exit 1 if any.

Standard library only. The rules are tables at the top; each is shown to bite by self_test.py.
"""

import pathlib
import re
import shutil
import subprocess
import sys

try:
    import yaml
except ImportError:  # not of the standard library: what needs it is skipped, and says so
    yaml = None

sys.dont_write_bytecode = True
import determinism  # noqa: E402  (beside this file)

# Which parts of lib a part may include. Arrows point down only.
ARROWS = {
    "base": {"base"},
    "protocol": {"base", "protocol"},
    "env": {"base", "env"},
    "resp": {"base", "resp"},
    "nodes": {"base", "env", "resp", "nodes"},
    "service": {"base", "protocol", "env", "resp", "nodes", "service"},
    "telemetry": {"base", "env", "telemetry"},
    "testing": {"base", "env", "nodes", "service", "testing"},  # beside the library, in one of its own
}

# Public headers of plain values: every layer may use them. The others belong to the top.
VALUE_HEADERS = {"time.h", "error.h", "result.h", "options.h", "token.h", "cause.h",
                 "node_loop.h", "detail/inline_function.h"}
# The public interface that the nodes carry out.
NODE_HEADERS = {"node.h", "simple_node.h"}
# Beside the service, not below it: what observers are made of knows events and nothing else.
TELEMETRY_HEADERS = {"observer.h", "telemetry/prometheus.h", "telemetry/tracing.h",
                     "telemetry/logging.h", "telemetry/otlp.h"}
TOP_LAYERS = ("service", "testing")

# Where a foreign library may be included: pattern of the header, then the folders.
FOREIGN = [
    (r"uv\.h|uv/", ("lib/env/", "tests/support/", "tests/unit/env/", "tests/unit/service/",
                    "tests/conformance/", "tests/integration/", "examples/", "benchmarks/")),
    (r"openssl/", ("lib/env/", "tests/support/", "tests/unit/env/", "tests/sim/")),
    (r"lua|lauxlib|lualib", ("tests/sim/",)),
    (r"hiredis", ("lib/resp/", "examples/fence_redis_key.cpp")),
    (r"nlohmann/", ("lib/nodes/dapr", "lib/telemetry/otlp", "tools/", "tests/")),
    (r"curl/", ("lib/env/", "benchmarks/dapr.cpp")),
]

# The operating system, threads and chance: in lib only behind the one door, lib/env.
SYSTEM_HEADERS = re.compile(
    r"(thread|mutex|shared_mutex|atomic|condition_variable|semaphore|latch|barrier|random|ctime|"
    r"time\.h|unistd\.h|poll\.h|fcntl\.h|signal\.h|csignal|netdb\.h|pthread\.h|"
    r"(sys|netinet|arpa|net|linux)/.*)")
# Headers for users' tests may need what users test with.
TESTING_HEADERS = ("include/quorumlock/testing/",
                   {"gmock/gmock.h", "gtest/gtest.h", "atomic", "thread"})
SYSTEM_WORDS = re.compile(
    r"std::(this_thread\b|j?thread\b|(?:\w+_)?mutex\b|atomic\w*|condition_variable\w*|"
    r"random_device\b|mt19937\w*|rand\b)"
    r"|\bclock_gettime\b|\bgettimeofday\b|\bgetrandom\b|\bgetenv\b"
    r"|\b(?:steady|system|high_resolution)_clock::now\b")
# The thin thread-safe front of the service: file -> what it may use.
FRONT = {"atomic", "mutex"}
FRONT_FILES = {
    "lib/service/lease.h",
    "lib/service/named_table.h",
    "lib/service/node_loop.cpp",
    "lib/service/node_loop.h",
    "lib/service/observations.h",
    "lib/service/operation_state.h",
    "lib/telemetry/otlp_queue.h",
    "lib/telemetry/prometheus.cpp",
    "lib/service/service_state.h",
}

# Pages whose C++ is taken from the examples, so that it is compiled and run.
SNIPPET_PAGES = {"docs/porting.md", "docs/testing-your-code.md"}

SAFETY_PAGE = "docs/safety.md"
HAZARD_ROW = re.compile(r"\| (\d+) \|(.*)")
HAZARD_TESTS = re.compile(r"`([\w/]+\.(?:cpp|h))`: ((?:`\w+`(?:, )?)+)")
NAMED_TEST = re.compile(r"`([A-Z]\w+)\.(\w+?)(?:/\w+)?(\.\.\.)?`")
METRICS_SOURCE = "lib/telemetry/prometheus.cpp"
ALERTS_FOLDER = "examples/prometheus/"
METRIC = r"\bquorumlock_\w+"

MAX_LINES = 400
MAX_TEST_LINES = 600
CODE_SUFFIXES = {".h", ".cpp", ".c", ".py", ".sh", ".cmake"}
CXX_SUFFIXES = {".h", ".cpp", ".c"}
SKIPPED_FOLDERS = {".git", ".cache", "build", "__pycache__"}
CLANG_FORMAT_MAJOR = 14

# Put together here so that this file does not contain them.
FORBIDDEN_WORDS = ["../" + "shared", "/" + "work/", "/" + "root/"]

PROJECT_FOLDERS = r"(?:lib|include|tests|tools|docs|examples|benchmarks|cmake|\.ci)"
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
RULE_ID = re.compile(r"\b[Rr]ules?((?:\s*(?:,|and|\.\.|or)?\s*\b[QTAERLNDFHG]\d{1,2}\b)+)")
MARKDOWN_LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")
MARKDOWN_PATH = re.compile(r"`(" + PROJECT_FOLDERS + r"/[\w./-]*)`")
DOCS_PATH = re.compile(r"\bdocs/[\w-]+\.md\b")


class Tree:
    """The text files of a project, read once."""

    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self.files = {}
        self.findings = []
        self.notes = []
        for path in sorted(self.root.rglob("*")):
            relative = path.relative_to(self.root)
            if any(part in SKIPPED_FOLDERS for part in relative.parts) or not path.is_file():
                continue
            try:
                self.files[relative.as_posix()] = path.read_text(encoding="utf-8").split("\n")
            except UnicodeDecodeError:
                continue  # not text, not ours to judge

    def find(self, name, line, rule, what):
        self.findings.append(f"{name}:{line}: [{rule}] {what}")

    def exists(self, name):
        return (self.root / name).exists()

    def cxx(self, *folders):
        for name in self.files:
            if pathlib.PurePosixPath(name).suffix in CXX_SUFFIXES and \
                    (not folders or name.startswith(folders)):
                yield name


def without_comments(lines):
    """The same lines with comments and string contents blanked, so that words in them are free."""
    inside = False
    for line in lines:
        if INCLUDE.match(line):
            yield line
            continue
        out = ""
        i = 0
        while i < len(line):
            if inside:
                end = line.find("*/", i)
                inside = end < 0
                i = len(line) if end < 0 else end + 2
            elif line.startswith("//", i):
                break
            elif line.startswith("/*", i):
                inside = True
                i += 2
            elif line[i] == '"':
                end = i + 1
                while end < len(line) and line[end] != '"':
                    end += 2 if line[end] == "\\" else 1
                out += '""'
                i = end + 1
            else:
                out += line[i]
                i += 1
        yield out


def includes(tree, name):
    for number, line in enumerate(tree.files[name], 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def check_arrows(tree):
    for name in tree.cxx("lib/"):
        layer = name.split("/")[1]
        for number, kind, target in includes(tree, name):
            if layer not in ARROWS:
                tree.find(name, number, "arrows", f"lib/{layer} is no known layer; add its arrows")
                break
            if kind == '"' and target.startswith("lib/"):
                other = target.split("/")[1]
                if other not in ARROWS[layer]:
                    tree.find(name, number, "arrows",
                              f"lib/{layer} must not include lib/{other}; arrows point down only")
            elif kind == '"':
                tree.find(name, number, "arrows",
                          f'"{target}": lib includes nothing of the project but "lib/..."')
            elif target.startswith("quorumlock/") and layer not in TOP_LAYERS and \
                    target[len("quorumlock/"):] not in VALUE_HEADERS | \
                    (TELEMETRY_HEADERS if layer == "telemetry" else set()) | \
                    (NODE_HEADERS if layer == "nodes" else set()):
                tree.find(name, number, "arrows",
                          f"<{target}> belongs to the service; lib/{layer} lies below it")


def check_public_headers(tree):
    for name in tree.cxx("include/"):
        for number, kind, target in includes(tree, name):
            public = target.startswith("quorumlock/")
            standard = re.fullmatch(r"[a-z0-9_]+|std(int|def|bool)\.h", target)
            if name.startswith(TESTING_HEADERS[0]) and target in TESTING_HEADERS[1]:
                continue
            if kind == '"' or not (public or standard):
                tree.find(name, number, "public",
                          f"{target}: public headers include <quorumlock/...> and std only")
            elif SYSTEM_HEADERS.fullmatch(target):
                tree.find(name, number, "public", f"<{target}> does not belong in a public header")


def check_paths_of_includes(tree):
    for name in tree.cxx():
        for number, kind, target in includes(tree, name):
            beside = pathlib.PurePosixPath(name).parent / target
            if kind == '"' and not tree.exists(target) and not tree.exists(beside):
                tree.find(name, number, "include",
                          f'"{target}" is neither a path from the root nor beside this file')
            if target.startswith("quorumlock/") and not tree.exists("include/" + target):
                tree.find(name, number, "include", f"<{target}> does not exist")


def check_foreign_libraries(tree):
    for name in tree.cxx():
        for number, _, target in includes(tree, name):
            for pattern, folders in FOREIGN:
                if re.match(pattern, target) and not name.startswith(folders):
                    tree.find(name, number, "foreign",
                              f"{target} may be included in {', '.join(folders)} only")


def check_system(tree):
    for name in tree.cxx("lib/"):
        if name.startswith("lib/env/"):
            continue
        allowed = FRONT if name in FRONT_FILES else set()
        for number, line in enumerate(without_comments(tree.files[name]), 1):
            match = INCLUDE.match(line)
            if match:
                if SYSTEM_HEADERS.fullmatch(match.group(2)) and match.group(2) not in allowed:
                    tree.find(name, number, "door",
                              f"<{match.group(2)}>: the system is reached through lib/env only")
                continue
            for word in SYSTEM_WORDS.finditer(line):
                if not any(word.group(0).startswith("std::" + a) for a in allowed):
                    tree.find(name, number, "door",
                              f"{word.group(0)}: the system is reached through lib/env only")


def check_sizes(tree):
    for name, lines in tree.files.items():
        count = len(lines) - (1 if lines[-1] == "" else 0)
        path = pathlib.PurePosixPath(name)
        script = path.suffix == "" and lines[0].startswith("#!")
        if path.suffix not in CODE_SUFFIXES and path.name != "CMakeLists.txt" and not script:
            continue
        bound = MAX_TEST_LINES if name.startswith("tests/") else MAX_LINES
        if count > bound:
            tree.find(name, count, "size", f"{count} lines; at most {bound}: split it by purpose")


def check_headers_once(tree):
    for name in tree.cxx():
        if name.endswith(".h") and "#pragma once" not in tree.files[name]:
            tree.find(name, 1, "once", "a header says #pragma once")


def check_docs(tree):
    for name, lines in tree.files.items():
        markdown = name.endswith(".md")
        here = pathlib.PurePosixPath(name).parent
        for number, line in enumerate(lines, 1):
            wanted = set(DOCS_PATH.findall(line))
            if markdown:
                wanted.update(path.rstrip(".") for path in MARKDOWN_PATH.findall(line))
                for link in MARKDOWN_LINK.findall(line):
                    if "://" not in link and not link.startswith("mailto:"):
                        wanted.add((here / link).as_posix())
            for path in sorted(wanted):
                if not tree.exists(path) and not name.startswith("tests/tidy/"):
                    tree.find(name, number, "docs", f"{path} does not exist")


def bare(lines):
    return [line.strip() for line in lines if line.strip()]


def check_snippets(tree):
    """What a page shows as compiled is a piece of an example, word for word."""
    examples = [bare(tree.files[name]) for name in tree.cxx("examples/")]
    for name in SNIPPET_PAGES & tree.files.keys():
        lines = tree.files[name]
        starts = [i for i, line in enumerate(lines) if line == "```cpp"]
        for start in starts:
            end = lines.index("```", start)
            snippet = bare(lines[start + 1:end])
            if not any(example[i:i + len(snippet)] == snippet
                       for example in examples for i in range(len(example))):
                tree.find(name, start + 1, "snippets", "this code is in no file of examples/")


def check_rule_ids(tree):
    protocol = "\n".join(tree.files.get("docs/protocol.md", []))
    if not protocol:
        return  # then every mention of it is a finding of check_docs
    for name in tree.cxx("lib/", "include/", "tests/"):
        for number, line in enumerate(tree.files[name], 1):
            for ids in RULE_ID.findall(line):
                for rule in re.findall(r"[QTAERLNDFHG]\d{1,2}", ids):
                    if not re.search(rf"\b{rule}\b", protocol):
                        tree.find(name, number, "rules", f"docs/protocol.md has no rule {rule}")


def check_words(tree):
    for name, lines in tree.files.items():
        for number, line in enumerate(lines, 1):
            for word in FORBIDDEN_WORDS:
                if word in line:
                    tree.find(name, number, "words", f"a path of one machine: {word}")


def check_determinism(tree):
    determinism.check(tree, without_comments)


def check_format(tree):
    names = list(tree.cxx())
    program = shutil.which(f"clang-format-{CLANG_FORMAT_MAJOR}") or shutil.which("clang-format")
    if not program:
        tree.notes.append("SKIPPED the formatting: clang-format is not installed")
        return
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    major = re.search(r"version (\d+)", version.stdout)
    if not major or int(major.group(1)) != CLANG_FORMAT_MAJOR:
        tree.notes.append(f"SKIPPED the formatting: it is defined by clang-format "
                          f"{CLANG_FORMAT_MAJOR}, here is {version.stdout.strip()}")
        return
    if not names:
        return
    result = subprocess.run([program, "--dry-run", *names], cwd=tree.root,
                            capture_output=True, text=True, check=False)
    bad = {}
    for match in re.finditer(r"^([^\s:]+):(\d+):\d+: warning: code should be", result.stderr,
                             re.MULTILINE):
        bad.setdefault(match.group(1), match.group(2))
    for name, line in bad.items():
        tree.find(name, line, "format", f"run: clang-format -i {name}")


def check_hazards(tree):
    """Every hazard of docs/safety.md is guarded by a test that exists, named with its file."""
    lines = tree.files.get(SAFETY_PAGE, [])
    numbers = []
    for number, line in enumerate(lines, 1):
        row = HAZARD_ROW.match(line)
        if not row:
            continue
        numbers.append(int(row.group(1)))
        tests = HAZARD_TESTS.findall(row.group(2))
        if not tests:
            tree.find(SAFETY_PAGE, number, "hazards", "this row names no `file`: `test`")
        for name, cases in tests:
            text = "\n".join(tree.files.get(name, []))
            for case in re.findall(r"`(\w+)`", cases):
                if not re.search(rf"\(\s*\w+,\s*{case}\s*\)", text):
                    tree.find(SAFETY_PAGE, number, "hazards", f"{name} has no test {case}")
    if numbers != list(range(1, len(numbers) + 1)):
        tree.find(SAFETY_PAGE, 1, "hazards", f"the rows are not numbered 1, 2, 3, ...: {numbers}")


def check_named_tests(tree):
    """`Suite.case` in docs/safety.md is there; "..." and "*" stand for the rest of a name."""
    tests = "\n".join("\n".join(tree.files[name]) for name in tree.cxx("tests/"))
    for number, line in enumerate(tree.files.get(SAFETY_PAGE, []), 1):
        for suite, case, rest in NAMED_TEST.findall(line):
            pattern = rf"TEST\w*\(\s*{suite},\s*{case}" + ("" if rest else r"\s*\)")
            if not re.search(pattern, tests):
                tree.find(SAFETY_PAGE, number, "hazards", f"no test {suite}.{case}{rest}")


def check_alerts(tree):
    """Alert rules name metrics that the library exports, and are YAML."""
    exported = set(re.findall(METRIC, "\n".join(tree.files.get(METRICS_SOURCE, []))))
    for name in tree.files:
        if not name.startswith(ALERTS_FOLDER):
            continue
        for number, line in enumerate(tree.files[name], 1):
            for metric in re.findall(METRIC, line.partition("#")[0]):
                if not exported & {metric, re.sub(r"_(bucket|sum|count)$", "", metric)}:
                    tree.find(name, number, "alerts", f"no metric {metric} is exported")
        if yaml is None:
            tree.notes.append(f"SKIPPED the syntax of {name}: Python's yaml is not installed")
            continue
        try:
            yaml.safe_load("\n".join(tree.files[name]))
        except yaml.YAMLError as error:
            tree.find(name, 1, "alerts", f"no YAML: {' '.join(str(error).split())}")


CHECKS = [check_arrows, check_public_headers, check_paths_of_includes, check_foreign_libraries,
          check_system, check_determinism, check_sizes, check_headers_once, check_docs,
          check_snippets, check_rule_ids, check_words, check_hazards,
          check_named_tests, check_alerts, check_format]


def run(root):
    tree = Tree(root)
    for check in CHECKS:
        check(tree)
    return tree


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    tree = run(root)
    for line in tree.notes + tree.findings:
        print(line)
    print(f"tidy: {len(tree.files)} files, {len(tree.findings)} findings")
    return 1 if tree.findings else 0


if __name__ == "__main__":
    sys.exit(main())
