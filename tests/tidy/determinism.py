"""The house rules that keep a simulated run the same for the same seed; used by tidy.py.

They hold for the simulation and for the code that runs in it.
"""

import re

FOLDERS = ("tests/sim/", "lib/base/", "lib/protocol/", "lib/resp/", "lib/nodes/", "lib/service/")
# Where the option's factor becomes parts per million, and the other way round.
FACTOR_FILES = {"lib/service/settings.cpp", "tests/sim/plan.cpp"}
# Here the clock of the machine may be looked at: to know how long to go on, and beside real servers.
REAL_TIME_FOLDERS = ("tests/sim/main/", "tests/sim/truth/")

UNORDERED = re.compile(r"\bstd::unordered_(?:multi)?(?:map|set)\b|\bstd::hash\b")
POINTER_KEY = re.compile(
    r"\bstd::(?:multi)?(?:map|set)\s*<\s*(?:[\w:\s]*\*|std::(?:shared|unique)_ptr\b)"
    r"|\bstd::(?:less|greater)\s*<[\w:\s]*\*\s*>")
FOREIGN_CHANCE = re.compile(
    r"\bstd::\w+_distribution\b|\bstd::(?:mt19937(?:_64)?|minstd_rand0?|default_random_engine|"
    r"random_device|shuffle|sample|rand)\b|\bs?rand\s*\(")
FOREIGN_TIME = re.compile(r"\b(?:steady|system|high_resolution)_clock\b|\bstd::time\s*\(|"
                          r"\bclock_gettime\b|\bgettimeofday\b")
FLOATING = re.compile(r"\b(?:double|float)\b")
CLOCK_SPEED = re.compile(r"drift|ppm|skew|slew|clock_?(?:rate|speed)", re.IGNORECASE)

# A call that takes the next number of a generator: a node's or lease's, or of tests/sim/random.h.
DRAW = re.compile(r"\b(?:random|random_u64)\s*\(\s*\)"
                  r"|(?:\.|->)\s*(?:below|between|number|chance|scaled|pick)\s*\(\s*[^)\s]"
                  r"|\b(?:random|luck|dice|rng)\w*\s*(?:\.|->)\s*next\s*\(")
CALL = re.compile(r"(?:\b\w+|>)\s*\(")
CHARACTER = re.compile(r"'(?:\\.|[^'\\])'")
NO_CALL = re.compile(r"\b(?:if|for|while|switch|return|case)\s*\($")


def arguments(code, start):
    """The texts between the commas of the parentheses that open before `start`."""
    depth, begin, found = 0, start, []
    for i in range(start, len(code)):
        if code[i] in "([{":
            depth += 1
        elif code[i] in ")]}":
            if depth == 0:
                return found + [code[begin:i]]
            depth -= 1
        elif code[i] == "," and depth == 0:
            found.append(code[begin:i])
            begin = i + 1
    return []


def double_draws(code):
    """Line numbers of calls with a draw in more than one argument: their order is not defined."""
    code = CHARACTER.sub("' '", code)
    for call in CALL.finditer(code):
        if NO_CALL.search(call.group(0)):
            continue
        if sum(bool(DRAW.search(text)) for text in arguments(code, call.end())) > 1:
            yield code.count("\n", 0, call.start()) + 1


def check(tree, without_comments):
    words = [
        (UNORDERED, "its order differs between builds; use std::map, std::set or a vector"),
        (POINTER_KEY, "addresses differ between runs; key it by a number or a name"),
        (FOREIGN_CHANCE, "differs between libraries; draw from the seed by our own code"),
    ]
    for name in tree.cxx(*FOLDERS):
        lines = list(without_comments(tree.files[name]))
        for number, line in enumerate(lines, 1):
            for pattern, why in words:
                match = pattern.search(line)
                if match:
                    tree.find(name, number, "determinism", f"{match.group(0).strip()}: {why}")
            if name.startswith("tests/sim/") and not name.startswith(REAL_TIME_FOLDERS):
                match = FOREIGN_TIME.search(line)
                if match:
                    tree.find(name, number, "determinism",
                              f"{match.group(0)}: simulated time is the only time here")
            if FLOATING.search(line) and CLOCK_SPEED.search(line) and name not in FACTOR_FILES:
                tree.find(name, number, "determinism",
                          "a clock's speed is counted in whole parts per million")
        for number in double_draws("\n".join(lines)):
            tree.find(name, number, "determinism",
                      "two draws in one argument list: draw them before, in order")
