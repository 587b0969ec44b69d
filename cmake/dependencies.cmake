# What the library needs. The imported targets carry our prefix, so that a project which embeds us
# keeps its own LIBUV and HIREDIS, and so that the installed package can make the same names again.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS SSL Crypto)
find_package(PkgConfig REQUIRED)
pkg_check_modules(QUORUMLOCK_LIBUV REQUIRED IMPORTED_TARGET GLOBAL libuv>=1.44)
# 7.85: the list of protocols as text; 7.80: the call before each request leaves.
pkg_check_modules(QUORUMLOCK_CURL REQUIRED IMPORTED_TARGET GLOBAL libcurl>=7.85)
find_package(nlohmann_json REQUIRED)
pkg_check_modules(QUORUMLOCK_HIREDIS REQUIRED IMPORTED_TARGET GLOBAL hiredis>=0.14)
