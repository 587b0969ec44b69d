// A coroutine that nobody waits for.
#pragma once

#include <quorumlock/testing/conformance/detached.h>
