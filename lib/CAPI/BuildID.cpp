//===- BuildID.cpp - What tells builds of the library apart --- -*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BuildID.h"
#include "llvm/ADT/StringExtras.h"

#if defined(__linux__)
#include <elf.h>
#include <link.h>
#endif

using namespace mlir;

#if defined(__linux__)
/// Finds the object that has this code, and its note.
static int visitObject(struct dl_phdr_info *info, size_t, void *result) {
  auto here = reinterpret_cast<ElfW(Addr)>(&visitObject);
  llvm::ArrayRef<ElfW(Phdr)> segments(info->dlpi_phdr, info->dlpi_phnum);
  auto holdsCode = [&](const ElfW(Phdr) & segment) {
    ElfW(Addr) begin = info->dlpi_addr + segment.p_vaddr;
    return segment.p_type == PT_LOAD && here >= begin &&
           here < begin + segment.p_memsz;
  };
  if (!llvm::any_of(segments, holdsCode))
    return 0;
  for (const ElfW(Phdr) &segment : segments) {
    if (segment.p_type != PT_NOTE)
      continue;
    auto *cursor =
        reinterpret_cast<const uint8_t *>(info->dlpi_addr + segment.p_vaddr);
    const uint8_t *end = cursor + segment.p_memsz;
    while (cursor + sizeof(ElfW(Nhdr)) <= end) {
      auto *note = reinterpret_cast<const ElfW(Nhdr) *>(cursor);
      const uint8_t *name = cursor + sizeof *note;
      const uint8_t *content = name + llvm::alignTo(note->n_namesz, 4);
      if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
          !std::memcmp(name, "GNU", 4)) {
        *static_cast<std::string *>(result) =
            llvm::toHex({content, note->n_descsz}, /*LowerCase=*/true);
        return 1;
      }
      cursor = content + llvm::alignTo(note->n_descsz, 4);
    }
  }
  return 1;
}
#endif

std::string attn::getBuildID() {
  std::string id;
#if defined(__linux__)
  dl_iterate_phdr(visitObject, &id);
#endif
  return id;
}
