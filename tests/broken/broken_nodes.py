#!/usr/bin/env python3
"""Shows that the conformance suite bites: a node with a flaw fails the case that guards against it,
and the same case passes for the sound node.

usage: broken_nodes.py PROGRAM
"""

import re
import subprocess
import sys

# The flaw, and the case that must find it.
FLAWS = [
    ("grants_twice", "ProviderTest.a_held_lock_excludes_others_and_says_contended"),
    ("grants_twice", "NodeTest.one_token_holds_a_resource_until_it_is_released"),
    ("inspects_nothing", "ProviderTest.inspect_tells_who_holds_a_resource"),
    ("releases_for_anybody", "ProviderTest.a_wrong_token_touches_nothing"),
    ("shortens", "ProviderTest.extend_never_shortens"),
    ("shortens", "NodeTest.an_extension_lengthens_and_never_shortens"),
    ("expires_early", "ProviderTest.nobody_else_gets_a_lock_before_its_validity_ends"),
    ("expires_early", "NodeTest.a_lease_ends_and_not_before_its_ttl"),
    ("cuts_names", "ProviderTest.names_are_any_bytes_from_1_to_4096"),
    ("never_undoes", "ProviderTest.a_dropped_acquire_leaves_nothing"),
    ("never_undoes", "NodeTest.an_undo_reaches_an_acquire_that_was_given_up"),
    ("answers_at_once", "NodeTest.after_close_it_fails_with_a_cause"),
    ("answers_twice", "NodeTest.every_ask_has_one_answer"),
    ("answers_what_was_given_up", "NodeTest.what_was_given_up_stays_silent"),
    ("cannot_extend_unsaid", "ProviderTest.extend_lengthens"),
    ("cannot_extend_unsaid", "NodeTest.it_says_who_it_is_and_what_it_can_do"),
    ("can_extend_denied", "ProviderTest.extend_lengthens"),
]


def failed(program, case, name):
    """Whether the case fails for this node; it must have run."""
    test = f"Broken/{case}/{name}"
    result = subprocess.run([program, f"--gtest_filter={test}"], capture_output=True, text=True,
                            timeout=110, check=False)
    if f"RUN      ] {test}" not in result.stdout:
        sys.exit(f"{test} did not run:\n{result.stdout}{result.stderr}")
    reported = re.search(rf"FAILED  \] {re.escape(test)}", result.stdout) is not None
    if reported != (result.returncode != 0):
        sys.exit(f"{test} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
    return reported


def main():
    program = sys.argv[1]
    wrong = []
    for flaw, case in FLAWS:
        if not failed(program, case, flaw):
            wrong.append(f"{case} does not find the flaw {flaw}")
    for case in sorted({case for _, case in FLAWS}):
        if failed(program, case, "sound"):
            wrong.append(f"{case} fails for a sound node")
    print("\n".join(wrong) or f"broken_nodes: each flaw was found by its case, {len(FLAWS)} in all")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
