# Thin wrappers, so that a library's CMakeLists.txt says only what it is made of.
include_guard()

# MLIR's headers are most of the compile time. A library takes the precompiled
# header Core, or Device, which adds the LLVM, NVVM and GPU dialects.
set(ATTN_PCH_DIR "${CMAKE_CURRENT_LIST_DIR}/..")

# Settings common to every C++ target.
function(_attn_configure_cxx_target name)
  target_compile_features(${name} PUBLIC cxx_std_17)
  target_compile_options(${name} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions -fvisibility-inlines-hidden>
    -Wall -Wextra -Wno-unused-parameter -Wimplicit-fallthrough)
  if(ATTN_ENABLE_WERROR)
    target_compile_options(${name} PRIVATE -Werror)
  endif()
  target_include_directories(${name} SYSTEM PRIVATE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
  target_compile_definitions(${name} PRIVATE ${LLVM_DEFINITIONS_LIST}
    ATTN_LLVM_HAS_ASSERTIONS=$<BOOL:${LLVM_ENABLE_ASSERTIONS}>)
endfunction()

separate_arguments(LLVM_DEFINITIONS_LIST NATIVE_COMMAND "${LLVM_DEFINITIONS}")
list(TRANSFORM LLVM_DEFINITIONS_LIST REPLACE "^-D" "")

# Compiles a target with the precompiled header AttnPCH<header>.h.
function(_attn_use_pch name header)
  set(pch AttnPCH${header})
  if(NOT TARGET ${pch})
    file(WRITE "${ATTN_BINARY_DIR}/${pch}.cpp.in" "// Holds the precompiled header.\n")
    configure_file("${ATTN_BINARY_DIR}/${pch}.cpp.in" "${ATTN_BINARY_DIR}/${pch}.cpp" COPYONLY)
    add_library(${pch} OBJECT "${ATTN_BINARY_DIR}/${pch}.cpp")
    _attn_configure_cxx_target(${pch})
    if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
      # Lets ccache reuse the header between checkouts.
      target_compile_options(${pch} PRIVATE -Xclang -fno-pch-timestamp)
    endif()
    target_precompile_headers(${pch} PRIVATE "${ATTN_PCH_DIR}/${pch}.h")
  endif()
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_compile_options(${name} PRIVATE -Xclang -fno-pch-timestamp)
  endif()
  target_precompile_headers(${name} REUSE_FROM ${pch})
endfunction()

# add_attn_library(Name source... [PCH Core|Device] [DEPENDS target...] [LINK_LIBS lib...])
# A static library that is installed and exported in the AttnMLIR package.
# DEPENDS names TableGen targets; LINK_LIBS our own libraries (MLIR is implied).
function(add_attn_library name)
  cmake_parse_arguments(ARG "" "PCH" "DEPENDS;LINK_LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  _attn_configure_cxx_target(${name})
  if(NOT ARG_PCH)
    set(ARG_PCH Core)
  endif()
  _attn_use_pch(${name} ${ARG_PCH})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${ATTN_SOURCE_DIR}/include>
    $<BUILD_INTERFACE:${ATTN_BINARY_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${name} PUBLIC ${ARG_LINK_LIBS} MLIR LLVM)
  # Generated headers are included across libraries: wait for all of them.
  add_dependencies(${name} attn-headers)
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  set_property(GLOBAL APPEND PROPERTY ATTN_LIBRARIES ${name})
  set_property(GLOBAL APPEND PROPERTY ATTN_CXX_LIBRARIES ${name})
  install(TARGETS ${name} EXPORT AttnTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endfunction()

# For executables: compiled like the libraries (-fPIC, not -fPIE), so that they
# share the precompiled header.
function(_attn_configure_executable name)
  _attn_configure_cxx_target(${name})
  set_target_properties(${name} PROPERTIES
    POSITION_INDEPENDENT_CODE OFF
    # An installed tool finds an LLVM that is in no standard place.
    INSTALL_RPATH_USE_LINK_PATH ON)
  target_compile_options(${name} PRIVATE -fPIC)
  _attn_use_pch(${name} Core)
  add_dependencies(${name} attn-headers)
endfunction()

# add_attn_tool(name source... [LINK_LIBS lib...]): an installed executable.
function(add_attn_tool name)
  cmake_parse_arguments(ARG "" "" "LINK_LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  _attn_configure_executable(${name})
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS} MLIR LLVM)
  target_compile_definitions(${name} PRIVATE ATTN_VERSION="${PROJECT_VERSION}"
    ATTN_INSTALL_LIBDIR="${CMAKE_INSTALL_LIBDIR}")
  set_property(GLOBAL APPEND PROPERTY ATTN_TOOLS ${name})
  install(TARGETS ${name} EXPORT AttnTargets RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# add_attn_tablegen(<td file> <target> [-gen-x OUTPUT]...): TableGen outputs of one
# file, collected under one target that all libraries wait for.
function(add_attn_tablegen td target)
  set(LLVM_TARGET_DEFINITIONS ${td})
  set(args ${ARGN})
  while(args)
    list(POP_FRONT args output)
    list(POP_FRONT args flags)
    separate_arguments(flag_list NATIVE_COMMAND "${flags}")
    mlir_tablegen(${output} ${flag_list} EXTRA_INCLUDES ${ATTN_SOURCE_DIR}/include ${MLIR_INCLUDE_DIRS})
  endwhile()
  set(TABLEGEN_OUTPUT ${TABLEGEN_OUTPUT} PARENT_SCOPE)
  add_public_tablegen_target(${target})
  add_dependencies(attn-headers ${target})
endfunction()

# Installs headers and the AttnMLIR CMake package.
function(attn_install_package)
  include(CMakePackageConfigHelpers)
  install(DIRECTORY ${ATTN_SOURCE_DIR}/include/attn DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.h" PATTERN "*.td")
  install(DIRECTORY ${ATTN_SOURCE_DIR}/include/attn-c DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(DIRECTORY ${ATTN_BINARY_DIR}/include/attn DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.h" PATTERN "*.inc" PATTERN "CMakeFiles" EXCLUDE)
  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/AttnMLIR)
  get_property(ATTN_CXX_LIBRARIES GLOBAL PROPERTY ATTN_CXX_LIBRARIES)
  list(JOIN ATTN_CXX_LIBRARIES " " ATTN_CXX_LIBRARIES)
  configure_package_config_file(
    "${ATTN_SOURCE_DIR}/cmake/modules/AttnMLIRConfig.cmake.in"
    "${ATTN_BINARY_DIR}/AttnMLIRConfig.cmake" INSTALL_DESTINATION ${package_dir})
  write_basic_package_version_file("${ATTN_BINARY_DIR}/AttnMLIRConfigVersion.cmake"
    VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
  install(FILES "${ATTN_BINARY_DIR}/AttnMLIRConfig.cmake"
    "${ATTN_BINARY_DIR}/AttnMLIRConfigVersion.cmake" DESTINATION ${package_dir})
  install(EXPORT AttnTargets DESTINATION ${package_dir} NAMESPACE AttnMLIR::)
endfunction()
