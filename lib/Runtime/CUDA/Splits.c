//===- Splits.c - Into how many splits keys are divided -----------*- C -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver.h"

#include "attn/Runtime/CUDA/Runtime.h"

// What splits leave takes memory: that of so many rounds of tiles at most.
enum { MAX_SPLITS = 128, MAX_ROUNDS = 8 };

// What there is beside the blocks of keys, in the time of a block: the
// beginning and the end of a tile; the kernel that merges, which takes as much
// again for so many splits, or so many rows of splits.
enum { TILE_COST = 3, MERGE_COST = 2, SPLITS_MERGED = 32, ROWS_MERGED = 4096 };

static int64_t divide_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// The time of the kernel that splits. Tiles of one length run in rounds. Of
/// lengths between nothing and all, half the blocks are computed by whoever is
/// free, and one that is as long as can be may be the last to begin.
static int64_t get_cost(int64_t tiles, int64_t blocks, int64_t splits,
                        int64_t slots, int varying) {
  int64_t longest = divide_up(blocks, splits) + TILE_COST;
  if (!varying)
    return divide_up(tiles * splits, slots) * longest;
  return divide_up(tiles * (blocks / 2 + splits * TILE_COST), slots) + longest;
}

int64_t attn_cuda_choose_splits(int64_t tiles, int64_t blocks, int64_t rows,
                                int64_t slots, int varying) {
  if (tiles < 1 || blocks < 2 || slots < 1)
    return 1;
  int64_t best = 1;
  int64_t least = get_cost(tiles, blocks, 1, slots, varying);
  for (int64_t splits = 2; splits <= MAX_SPLITS && splits <= blocks &&
                           tiles * splits <= MAX_ROUNDS * slots;
       ++splits) {
    int64_t cost = get_cost(tiles, blocks, splits, slots, varying) +
                   MERGE_COST + splits / SPLITS_MERGED +
                   rows * splits / ROWS_MERGED;
    if (cost >= least)
      continue;
    least = cost;
    best = splits;
  }
  return best;
}

int64_t attn_rt_cuda_choose_splits(int64_t tiles, int64_t blocks, int64_t rows,
                                   int64_t resident, int64_t varying) {
  return attn_cuda_choose_splits(tiles, blocks, rows,
                                 resident * attn_rt_cuda_multiprocessor_count(),
                                 varying != 0);
}
