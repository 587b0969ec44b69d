// What tests of a whole service share is what users' conformance tests need too.
#pragma once

#include <quorumlock/testing/conformance/support.h>
