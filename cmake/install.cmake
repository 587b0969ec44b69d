include(CMakePackageConfigHelpers)

install(TARGETS quorumlock quorumlock_testing EXPORT quorumlockTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/quorumlock DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h")
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(TARGET quorumlock_cli)
    install(TARGETS quorumlock_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/quorumlock)
install(EXPORT quorumlockTargets NAMESPACE quorumlock:: DESTINATION ${package_dir})
get_target_property(library_type quorumlock TYPE)
configure_package_config_file(
    cmake/quorumlockConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/quorumlockConfig.cmake
    INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(
    ${CMAKE_CURRENT_BINARY_DIR}/quorumlockConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/quorumlockConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/quorumlockConfigVersion.cmake
        DESTINATION ${package_dir})

# A static archive needs its dependencies at every link, so they are not private there: then
# `pkg-config --libs quorumlock` is enough without --static.
set(pc_dependencies "libuv hiredis libcurl libssl libcrypto")
if(library_type STREQUAL "STATIC_LIBRARY")
    set(pc_requires "Requires: ${pc_dependencies}")
else()
    set(pc_requires "Requires.private: ${pc_dependencies}")
endif()
# From where the file lies: the prefix may be chosen, or moved, after configuring.
file(RELATIVE_PATH pc_way_to_prefix
     ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(cmake/quorumlock.pc.in ${CMAKE_CURRENT_BINARY_DIR}/quorumlock.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/quorumlock.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
