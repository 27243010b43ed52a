//===- Features.c - What this CPU can run -------------------------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// syscall()
#define _GNU_SOURCE

#include "attn/Runtime/CPU/Runtime.h"
#include "attn/Runtime/CPU/Tensor.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

enum state { ALWAYS, AVX, AVX512, AMX };
enum cpuid_register { EAX, EBX, ECX, EDX };

struct feature {
  const char *name;
  uint32_t leaf, subleaf;
  enum cpuid_register reg;
  int bit;
  enum state state;
};

static const struct feature features[] = {
#define ATTN_CPU_FEATURE(NAME, LEAF, SUBLEAF, REGISTER, BIT, STATE)            \
  {NAME, LEAF, SUBLEAF, REGISTER, BIT, STATE},
#include "attn/Runtime/CPU/Features.def"
};
#define NUM_FEATURES ((int)(sizeof features / sizeof *features))

#if defined(__x86_64__)
#include <cpuid.h>

/// Whether the system saves the registers of each state.
static void get_saved_states(int saved[AMX + 1]) {
  uint32_t eax, ebx, ecx, edx;
  uint64_t mask = 0;
  // OSXSAVE: xgetbv is there.
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx >> 27 & 1)) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    mask = (uint64_t)high << 32 | low;
  }
  saved[ALWAYS] = 1;
  saved[AVX] = (mask & 0x6) == 0x6;
  saved[AVX512] = (mask & 0xe6) == 0xe6;
  saved[AMX] = (mask & 0x60000) == 0x60000;
}

static uint64_t detect(void) {
  int saved[AMX + 1];
  get_saved_states(saved);
  uint64_t mask = 0;
  uint32_t registers[4] = {0, 0, 0, 0}, leaf = 0, subleaf = 0;
  for (int i = 0; i < NUM_FEATURES; ++i) {
    const struct feature *feature = &features[i];
    if (feature->leaf != leaf || feature->subleaf != subleaf) {
      leaf = feature->leaf;
      subleaf = feature->subleaf;
      if (!__get_cpuid_count(leaf, subleaf, &registers[0], &registers[1],
                             &registers[2], &registers[3]))
        memset(registers, 0, sizeof registers);
    }
    if ((registers[feature->reg] >> feature->bit & 1) && saved[feature->state])
      mask |= (uint64_t)1 << i;
  }
  return mask;
}
#else
static uint64_t detect(void) { return 0; }
#endif

uint64_t attn_rt_cpu_features(void) {
  // The highest bit tells that the mask is known: CPUID is slow in a virtual
  // machine.
  static _Atomic uint64_t known;
  const uint64_t is_known = (uint64_t)1 << 63;
  uint64_t mask = atomic_load_explicit(&known, memory_order_relaxed);
  if (!mask) {
    mask = detect() | is_known;
    atomic_store_explicit(&known, mask, memory_order_relaxed);
  }
  return mask & ~is_known;
}

int attn_rt_request_tiles(void) {
#if defined(__x86_64__) && defined(__linux__)
  // 0 unknown, 1 granted, 2 refused.
  static _Atomic int known;
  int state = atomic_load_explicit(&known, memory_order_relaxed);
  if (!state) {
    const long request_permission = 0x1023, tile_data = 18;
    state = syscall(SYS_arch_prctl, request_permission, tile_data) == 0 ? 1 : 2;
    atomic_store_explicit(&known, state, memory_order_relaxed);
  }
  return state == 1;
#else
  return 1;
#endif
}

static int needs_tiles(uint64_t mask) {
  for (int i = 0; i < NUM_FEATURES; ++i)
    if (features[i].state == AMX && (mask >> i & 1))
      return 1;
  return 0;
}

static void append(char *text, size_t size, const char *part) {
  size_t length = strlen(text);
  snprintf(text + length, size - length, "%s", part);
}

static void set_unsupported_error(const struct attn_rt_version *versions,
                                  int32_t num_versions, uint64_t available) {
  char message[512] = "this code is for ";
  for (int32_t i = 0; i < num_versions; ++i) {
    if (i > 0)
      append(message, sizeof message, i + 1 < num_versions ? ", " : " or ");
    append(message, sizeof message, versions[i].cpu);
  }
  append(message, sizeof message, "; this CPU lacks ");
  // What the first of them, the least, needs.
  uint64_t missing = versions[0].features & ~available;
  int count = 0;
  for (int i = 0; i < NUM_FEATURES; ++i) {
    if (!(missing >> i & 1))
      continue;
    if (count++ > 0)
      append(message, sizeof message, ", ");
    append(message, sizeof message, features[i].name);
  }
  attn_rt_set_error(message);
}

attn_packed *attn_rt_select_version(const struct attn_rt_version *versions,
                                    int32_t num_versions) {
  uint64_t available = attn_rt_cpu_features();
  const char *refused = NULL;
  for (int32_t i = num_versions - 1; i >= 0; --i) {
    if ((versions[i].features & ~available) != 0)
      continue;
    if (needs_tiles(versions[i].features) && !attn_rt_request_tiles()) {
      refused = versions[i].cpu;
      continue;
    }
    if (refused) {
      static atomic_flag warned = ATOMIC_FLAG_INIT;
      if (!atomic_flag_test_and_set(&warned))
        fprintf(stderr,
                "attn: the system refuses the tile registers of AMX: code for "
                "%s runs, not that for %s\n",
                versions[i].cpu, refused);
    }
    return versions[i].packed;
  }
  if (refused) {
    char message[256];
    snprintf(message, sizeof message,
             "this code is for %s: the system refuses this process the tile "
             "registers of AMX",
             refused);
    attn_rt_set_error(message);
  } else {
    set_unsupported_error(versions, num_versions, available);
  }
  return NULL;
}
