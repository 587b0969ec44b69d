# What the library needs. The imported targets carry our prefix, so that a project which embeds us
# keeps its own LIBUV and HIREDIS, and so that the installed package can make the same names again.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(PkgConfig REQUIRED)
pkg_check_modules(QUORUMLOCK_LIBUV REQUIRED IMPORTED_TARGET GLOBAL libuv>=1.44)
pkg_check_modules(QUORUMLOCK_HIREDIS REQUIRED IMPORTED_TARGET GLOBAL hiredis>=0.14)
