// RUN: attn-opt %s --split-input-file --verify-diagnostics

func.func @encode_rank(%base: !llvm.ptr, %n: index) {
  // expected-error @below {{expected one to five dimensions, got 6}}
  %0 = attn_gpu.encode_tensor_map %base sizes(%n, %n, %n, %n, %n, %n) strides(%n, %n, %n, %n, %n, %n)
      box [8, 1, 1, 1, 1, 1] element bf16 swizzle none : !llvm.ptr
  return
}

// -----

func.func @encode_sizes(%base: !llvm.ptr, %n: index) {
  // expected-error @below {{expected as many sizes and strides as box sizes: 2, got 1}}
  %0 = attn_gpu.encode_tensor_map %base sizes(%n) strides(%n) box [8, 1] element bf16 swizzle none : !llvm.ptr
  return
}

// -----

func.func @encode_element(%base: !llvm.ptr, %n: index) {
  // expected-error @below {{expected an integer or float element, got 'index'}}
  %0 = attn_gpu.encode_tensor_map %base sizes(%n) strides(%n) box [8] element index swizzle none : !llvm.ptr
  return
}

// -----

func.func @encode_element_width(%base: !llvm.ptr, %n: index) {
  // expected-error @below {{expected an element of 1, 2, 4 or 8 bytes, got 'i128'}}
  %0 = attn_gpu.encode_tensor_map %base sizes(%n) strides(%n) box [8] element i128 swizzle none : !llvm.ptr
  return
}

// -----

func.func @encode_columns(%base: !llvm.ptr, %n: index) {
  // expected-error @below {{expected a static number of columns of the box}}
  %0 = attn_gpu.encode_tensor_map %base sizes(%n) strides(%n) box [%n] element bf16 swizzle none : !llvm.ptr
  return
}

// -----

func.func @encode_dynamic(%base: !llvm.ptr, %n: index) {
  // expected-error @below {{expected as many values as dynamic box sizes, got 1}}
  %0 = "attn_gpu.encode_tensor_map"(%base, %n, %n, %n) {box = array<i64: 8>, element_type = bf16, swizzle = #attn_gpu<swizzle none>, operandSegmentSizes = array<i32: 1, 1, 1, 1>} : (!llvm.ptr, index, index, index) -> !attn_gpu.tensor_map
  return
}

// -----

func.func @encode_box(%base: !llvm.ptr, %n: index) {
  // expected-error @below {{expected box sizes from 1 to 256, got 512}}
  %0 = attn_gpu.encode_tensor_map %base sizes(%n) strides(%n) box [512] element bf16 swizzle none : !llvm.ptr
  return
}

// -----

func.func @encode_row_bytes(%base: !llvm.ptr, %n: index) {
  // expected-error @below {{expected rows of the box of a multiple of 16 bytes, got 8}}
  %0 = attn_gpu.encode_tensor_map %base sizes(%n) strides(%n) box [4] element bf16 swizzle none : !llvm.ptr
  return
}

// -----

func.func @encode_swizzle(%base: !llvm.ptr, %n: index) {
  // expected-error @below {{expected rows of the box within the 128 bytes of the swizzle, got 256}}
  %0 = attn_gpu.encode_tensor_map %base sizes(%n) strides(%n) box [128] element bf16 swizzle b128 : !llvm.ptr
  return
}

// -----

// expected-error @below {{expected a fragment of 64 rows}}
func.func private @fragment_rows(!attn_gpu.fragment<32x8xf32>)

// -----

// expected-error @below {{expected a multiple of 8 columns from 8 to 256, got 12}}
func.func private @fragment_columns(!attn_gpu.fragment<64x12xf32>)

// -----

// expected-error @below {{expected elements of f16, bf16, f32, i32 or i1, got 'f64'}}
func.func private @fragment_element(!attn_gpu.fragment<64x8xf64>)

// -----

// expected-error @below {{expected products in f32, got 'bf16'}}
func.func private @in_flight_element(!attn_gpu.in_flight<64x8xbf16>)

// -----

// expected-error @below {{expected elements of f32, i64, i32 or i1, got 'f16'}}
func.func private @row_element(!attn_gpu.row<f16>)

// -----

// expected-error @below {{expected elements of f16, bf16, f32 or tf32, got 'f64'}}
func.func private @shared_element(!attn_gpu.shared<64x64xf64>)

// -----

// expected-error @below {{expected a tile or a ring of tiles, got 1 dimensions}}
func.func private @shared_rank(!attn_gpu.shared<64xbf16>)

// -----

// expected-error @below {{expected a multiple of 8 rows from 8 to 256, got 60}}
func.func private @shared_rows(!attn_gpu.shared<60x64xbf16>)

// -----

// expected-error @below {{expected a multiple of 64 columns up to 256, got 32}}
func.func private @shared_columns(!attn_gpu.shared<64x32xbf16>)

// -----

// expected-error @below {{expected rows of a tile of a multiple of 8 rows, 64 to 256, got 32}}
func.func private @shared_slab_rows(!attn_gpu.shared<64x64xbf16 of 32>)

// -----

// expected-error @below {{expected a ring of whole tiles}}
func.func private @shared_ring_of_rows(!attn_gpu.shared<2x64x64xbf16 of 128>)

// -----

// expected-error @below {{expected a multiple of 32 columns up to 256, got 48}}
func.func private @shared_columns_f32(!attn_gpu.shared<64x48xf32>)

// -----

// expected-error @below {{expected a depth from 1 to 64, got 0}}
func.func private @pipe_depth(!attn_gpu.pipe<0>)

// -----

// expected-error @below {{expected a depth from 1 to 64, got 65}}
func.func private @slot_depth(!attn_gpu.slot<65>)

// -----

func.func @roles_consumers() {
  // expected-error @below {{expected 1 to 3 consumers, got 4}}
  attn_gpu.roles producer registers = 40 {
  } consumers 4 registers = 80 {
  ^bb0(%wg: i32):
  }
  return
}

// -----

func.func @roles_registers() {
  // expected-error @below {{expected a multiple of 8 registers from 24 to 256, got 20}}
  attn_gpu.roles producer registers = 20 {
  } consumers 2 registers = 232 {
  ^bb0(%wg: i32):
  }
  return
}

// -----

func.func @roles_fit() {
  // expected-error @below {{expected registers that fit the 168 per thread that the kernel starts with}}
  attn_gpu.roles producer registers = 48 {
  } consumers 2 registers = 232 {
  ^bb0(%wg: i32):
  }
  return
}

// -----

func.func @roles_argument() {
  // expected-error @below {{expected a consumer with the number of the warpgroup (i32) as its argument}}
  attn_gpu.roles producer registers = 40 {
  } consumers 2 registers = 232 {
  }
  return
}

// -----

func.func @alloc_offset() {
  // expected-error @below {{expected an offset that is a multiple of 1024, got 512}}
  %0 = attn_gpu.alloc at 512 : !attn_gpu.shared<64x64xbf16>
  return
}

// -----

func.func @alloc_end() {
  // expected-error @below {{expected memory within the 232448 bytes of a block, it ends at 239616}}
  %0 = attn_gpu.alloc at 231424 : !attn_gpu.shared<64x64xbf16>
  return
}

// -----

func.func @rows_columns(%t: !attn_gpu.shared<128x64xbf16>, %i: i32) {
  // expected-error @below {{expected rows of '!attn_gpu.shared<128x64xbf16>', got '!attn_gpu.shared<32x128xbf16 of 128>'}}
  %0 = attn_gpu.rows %t[%i] : !attn_gpu.shared<128x64xbf16> -> !attn_gpu.shared<32x128xbf16 of 128>
  return
}

// -----

func.func @rows_of_others(%t: !attn_gpu.shared<128x64xbf16>, %i: i32) {
  // expected-error @below {{expected rows of '!attn_gpu.shared<128x64xbf16>', got '!attn_gpu.shared<32x64xbf16 of 64>'}}
  %0 = attn_gpu.rows %t[%i] : !attn_gpu.shared<128x64xbf16> -> !attn_gpu.shared<32x64xbf16 of 64>
  return
}

// -----

func.func @rows_of_ring(%t: !attn_gpu.shared<2x128x64xbf16>, %i: i32) {
  // expected-error @below {{expected rows of '!attn_gpu.shared<2x128x64xbf16>', got '!attn_gpu.shared<32x64xbf16 of 128>'}}
  %0 = attn_gpu.rows %t[%i] : !attn_gpu.shared<2x128x64xbf16> -> !attn_gpu.shared<32x64xbf16 of 128>
  return
}

// -----

func.func @alloc_rows() {
  // expected-error @below {{expected whole tiles, got '!attn_gpu.shared<32x64xbf16 of 128>'}}
  %0 = attn_gpu.alloc at 1024 : !attn_gpu.shared<32x64xbf16 of 128>
  return
}

// -----

func.func @load_rows(%m: !attn_gpu.tensor_map, %t: !attn_gpu.shared<32x64xbf16 of 128>, %p: !attn_gpu.pipe<1>, %s: !attn_gpu.slot<1>, %i: i32) {
  // expected-error @below {{expected one tile, got '!attn_gpu.shared<32x64xbf16 of 128>'}}
  attn_gpu.tma_load %m[%i, %i] to %t signals %p[%s] : !attn_gpu.shared<32x64xbf16 of 128>, !attn_gpu.pipe<1>
  return
}

// -----

func.func @slice_ring(%t: !attn_gpu.shared<64x64xbf16>, %i: i32) {
  // expected-error @below {{expected a ring of tiles, got '!attn_gpu.shared<64x64xbf16>'}}
  %0 = attn_gpu.slice %t[%i] : !attn_gpu.shared<64x64xbf16>
  return
}

// -----

func.func @pipe_offset() {
  // expected-error @below {{expected an offset in shared memory that is a multiple of 8, got 4}}
  %0 = attn_gpu.pipe at 4 producers 1 consumers 1 : !attn_gpu.pipe<1>
  return
}

// -----

func.func @pipe_consumers() {
  // expected-error @below {{expected a producer and a consumer at least}}
  %0 = attn_gpu.pipe at 8 producers 1 consumers 0 : !attn_gpu.pipe<1>
  return
}

// -----

func.func @init_pipes(%p: !attn_gpu.pipe<1>) {
  // expected-error @below {{expected results of attn_gpu.pipe}}
  attn_gpu.init_pipes %p : !attn_gpu.pipe<1>
  return
}

// -----

func.func private @mailbox(!attn_gpu.pipe<1, 16>)
// expected-error @below {{expected a mailbox of 16 words at most, got 17}}
func.func private @large_mailbox(!attn_gpu.pipe<1, 17>)

// -----

func.func @send(%p: !attn_gpu.pipe<1, 2>, %s: !attn_gpu.slot<1>, %i: i32) {
  // expected-error @below {{expected values for some of the mailbox's 2 words, got 3}}
  attn_gpu.send %i, %i, %i to %p[%s] : !attn_gpu.pipe<1, 2>
  return
}

// -----

func.func @receive(%p: !attn_gpu.pipe<1>, %s: !attn_gpu.slot<1>) {
  // expected-error @below {{expected values for some of the mailbox's 0 words, got 3}}
  %0:3 = attn_gpu.receive %p[%s] : !attn_gpu.pipe<1> -> i32, i32, i32
  return
}

// -----

func.func @load_tile(%m: !attn_gpu.tensor_map, %t: !attn_gpu.shared<2x64x64xbf16>, %p: !attn_gpu.pipe<1>, %s: !attn_gpu.slot<1>, %i: i32) {
  // expected-error @below {{expected one tile, got '!attn_gpu.shared<2x64x64xbf16>'}}
  attn_gpu.tma_load %m[%i] to %t signals %p[%s] : !attn_gpu.shared<2x64x64xbf16>, !attn_gpu.pipe<1>
  return
}

// -----

func.func @store_coordinates(%m: !attn_gpu.tensor_map, %t: !attn_gpu.shared<64x64xbf16>) {
  // expected-error @below {{expected one to five coordinates, got 0}}
  attn_gpu.tma_store %t to %m[] : !attn_gpu.shared<64x64xbf16>
  return
}

// -----

// Tensor maps and products of warpgroups have no tiles of f32.
func.func @load_f32(%m: !attn_gpu.tensor_map, %t: !attn_gpu.shared<64x64xf32>, %p: !attn_gpu.pipe<1>, %s: !attn_gpu.slot<1>, %i: i32) {
  // expected-error @below {{expected a tile of f16 or bf16, got '!attn_gpu.shared<64x64xf32>'}}
  attn_gpu.tma_load %m[%i] to %t signals %p[%s] : !attn_gpu.shared<64x64xf32>, !attn_gpu.pipe<1>
  return
}

// -----

func.func @wgmma_f32(%q: !attn_gpu.shared<64x64xf32>, %k: !attn_gpu.shared<128x64xf32>) {
  // expected-error @below {{expected tiles of f16 or bf16, got '!attn_gpu.shared<128x64xf32>'}}
  %0 = attn_gpu.wgmma %q, %k : !attn_gpu.shared<64x64xf32>, !attn_gpu.shared<128x64xf32> -> !attn_gpu.in_flight<64x128xf32>
  return
}

// -----

func.func @mma_types_f32(%q: !attn_gpu.shared<64x64xbf16>, %k: !attn_gpu.shared<128x64xf32>) {
  // expected-error @below {{expected operands of one element type}}
  %0 = attn_gpu.mma [%q], %k : (!attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xf32>) -> !attn_gpu.fragment<64x128xf32>
  return
}

// -----

func.func @mma_packed_f32(%p: !attn_gpu.fragment<64x128xbf16>, %v: !attn_gpu.shared<128x64xf32>) {
  // expected-error @below {{expected operands of one element type}}
  %0 = attn_gpu.mma [%p], %v values : (!attn_gpu.fragment<64x128xbf16>, !attn_gpu.shared<128x64xf32>) -> !attn_gpu.fragment<64x64xf32>
  return
}

// -----

func.func @mma_fragment_f32(%p: !attn_gpu.fragment<64x128xf32>, %v: !attn_gpu.shared<128x64xbf16>) {
  // expected-error @below {{expected a packed fragment of the depth on the left, got '!attn_gpu.fragment<64x128xf32>'}}
  %0 = attn_gpu.mma [%p], %v values : (!attn_gpu.fragment<64x128xf32>, !attn_gpu.shared<128x64xbf16>) -> !attn_gpu.fragment<64x64xf32>
  return
}

// -----

func.func @mma_types_tf32(%q: !attn_gpu.shared<64x64xtf32>, %k: !attn_gpu.shared<128x64xbf16>) {
  // expected-error @below {{expected operands of one element type}}
  %0 = attn_gpu.mma [%q], %k : (!attn_gpu.shared<64x64xtf32>, !attn_gpu.shared<128x64xbf16>) -> !attn_gpu.fragment<64x128xf32>
  return
}

// -----

func.func @copy_alignment_f32(%p: !llvm.ptr<1>, %s: i64, %n: i32, %k: !attn_gpu.shared<64x64xf32>) {
  // expected-error @below {{expected an alignment of 4 to 16 bytes, got 2}}
  attn_gpu.copy_rows %p stride %s rows %n columns 64 to %k aligned 2 by 1 : !llvm.ptr<1>, !attn_gpu.shared<64x64xf32>
  return
}

// -----

func.func @store_fragment_packed(%f: !attn_gpu.fragment<64x64xf32>, %t: !attn_gpu.shared<64x64xbf16>) {
  // expected-error @below {{expected a packed fragment, got '!attn_gpu.fragment<64x64xf32>'}}
  attn_gpu.store_fragment %f to %t : !attn_gpu.fragment<64x64xf32>, !attn_gpu.shared<64x64xbf16>
  return
}

// -----

func.func @store_fragment_part(%f: !attn_gpu.fragment<64x64xbf16>, %t: !attn_gpu.shared<64x64xbf16 of 128>) {
  // expected-error @below {{expected a tile that holds the fragment, got '!attn_gpu.shared<64x64xbf16 of 128>'}}
  attn_gpu.store_fragment %f to %t : !attn_gpu.fragment<64x64xbf16>, !attn_gpu.shared<64x64xbf16 of 128>
  return
}

// -----

func.func @store_fragment_tile(%f: !attn_gpu.fragment<64x72xbf16>, %t: !attn_gpu.shared<64x64xbf16>) {
  // expected-error @below {{expected a tile that holds the fragment, got '!attn_gpu.shared<64x64xbf16>'}}
  attn_gpu.store_fragment %f to %t : !attn_gpu.fragment<64x72xbf16>, !attn_gpu.shared<64x64xbf16>
  return
}

// -----

func.func @splat_type(%x: f32) {
  // expected-error @below {{expected a result with elements of 'f32'}}
  %0 = attn_gpu.splat %x : f32 to !attn_gpu.row<i32>
  return
}

// -----

func.func @map_columns(%a: !attn_gpu.fragment<64x8xf32>, %b: !attn_gpu.fragment<64x16xf32>) {
  // expected-error @below {{expected fragments of one number of columns}}
  %0 = attn_gpu.map %a, %b : (!attn_gpu.fragment<64x8xf32>, !attn_gpu.fragment<64x16xf32>) -> !attn_gpu.fragment<64x8xf32> {
  ^bb0(%x: f32, %y: f32, %i: i32, %j: i32):
    attn_gpu.yield %x : f32
  }
  return
}

// -----

func.func @map_packed(%a: !attn_gpu.fragment<64x8xbf16>) {
  // expected-error @below {{expected no packed fragment, got '!attn_gpu.fragment<64x8xbf16>'}}
  %0 = attn_gpu.map %a : (!attn_gpu.fragment<64x8xbf16>) -> !attn_gpu.fragment<64x8xf32> {
  ^bb0(%x: bf16, %i: i32, %j: i32):
    %y = arith.extf %x : bf16 to f32
    attn_gpu.yield %y : f32
  }
  return
}

// -----

func.func @map_row_result(%a: !attn_gpu.fragment<64x8xf32>) {
  // expected-error @below {{expected no row as a result beside fragments}}
  %0 = attn_gpu.map %a : (!attn_gpu.fragment<64x8xf32>) -> !attn_gpu.row<f32> {
  ^bb0(%x: f32, %i: i32, %j: i32):
    attn_gpu.yield %x : f32
  }
  return
}

// -----

func.func @map_arguments(%a: !attn_gpu.row<f32>) {
  // expected-error @below {{expected a region with arguments of types 'f32', 'i32'}}
  %0 = attn_gpu.map %a : (!attn_gpu.row<f32>) -> !attn_gpu.row<f32> {
  ^bb0(%x: f32, %i: i32, %j: i32):
    attn_gpu.yield %x : f32
  }
  return
}

// -----

func.func @map_yield(%a: !attn_gpu.row<f32>) {
  // expected-error @below {{expected a region that yields the elements of the results}}
  %0 = attn_gpu.map %a : (!attn_gpu.row<f32>) -> !attn_gpu.row<f32> {
  ^bb0(%x: f32, %i: i32):
    attn_gpu.yield %i : i32
  }
  return
}

// -----

func.func @reduce_type(%a: !attn_gpu.fragment<64x8xi32>) {
  // expected-error @below {{expected a fragment of f32, got '!attn_gpu.fragment<64x8xi32>'}}
  %0 = attn_gpu.reduce max %a : !attn_gpu.fragment<64x8xi32>
  return
}

// -----

func.func @combine_type(%a: !attn_gpu.row<i32>) {
  // expected-error @below {{expected a row of f32, got '!attn_gpu.row<i32>'}}
  %0 = attn_gpu.combine add %a : !attn_gpu.row<i32>
  return
}

// -----

func.func @keep_columns_bound(%a: !attn_gpu.fragment<64x8xf32>) {
  // expected-error @below {{expected a bound}}
  %0 = attn_gpu.keep_columns %a : !attn_gpu.fragment<64x8xf32>
  return
}

// -----

func.func @load_matrix_rows(%a: !attn_gpu.shared<128x64xbf16>) {
  // expected-error @below {{expected a tile of 64 rows of f16 or bf16, got '!attn_gpu.shared<128x64xbf16>'}}
  %0 = attn_gpu.load_matrix %a : !attn_gpu.shared<128x64xbf16> -> !attn_gpu.fragment<64x64xbf16>
  return
}

// -----

func.func @load_matrix_ring(%a: !attn_gpu.shared<2x64x64xbf16>) {
  // expected-error @below {{expected a tile of 64 rows of f16 or bf16, got '!attn_gpu.shared<2x64x64xbf16>'}}
  %0 = attn_gpu.load_matrix %a : !attn_gpu.shared<2x64x64xbf16> -> !attn_gpu.fragment<64x64xbf16>
  return
}

// -----

func.func @load_matrix_f32(%a: !attn_gpu.shared<64x64xf32>) {
  // expected-error @below {{expected a tile of 64 rows of f16 or bf16, got '!attn_gpu.shared<64x64xf32>'}}
  %0 = attn_gpu.load_matrix %a : !attn_gpu.shared<64x64xf32> -> !attn_gpu.fragment<64x64xf32>
  return
}

// -----

func.func @load_matrix_columns(%a: !attn_gpu.shared<64x64xbf16>) {
  // expected-error @below {{expected a fragment of columns of the tile, in steps of 16, got '!attn_gpu.fragment<64x128xbf16>' of '!attn_gpu.shared<64x64xbf16>'}}
  %0 = attn_gpu.load_matrix %a : !attn_gpu.shared<64x64xbf16> -> !attn_gpu.fragment<64x128xbf16>
  return
}

// -----

func.func @load_matrix_step(%a: !attn_gpu.shared<64x64xbf16>) {
  // expected-error @below {{in steps of 16, got '!attn_gpu.fragment<64x24xbf16>'}}
  %0 = attn_gpu.load_matrix %a : !attn_gpu.shared<64x64xbf16> -> !attn_gpu.fragment<64x24xbf16>
  return
}

// -----

func.func @load_matrix_type(%a: !attn_gpu.shared<64x64xbf16>) {
  // expected-error @below {{expected a fragment of columns of the tile}}
  %0 = attn_gpu.load_matrix %a : !attn_gpu.shared<64x64xbf16> -> !attn_gpu.fragment<64x64xf16>
  return
}

// -----

func.func @pack_type(%a: !attn_gpu.fragment<64x16xf32>) {
  // expected-error @below {{expected to round a fragment of f32 to one of f16 or bf16 of its size or larger}}
  %0 = attn_gpu.pack %a : !attn_gpu.fragment<64x16xf32> to !attn_gpu.fragment<64x8xbf16>
  return
}

// -----

func.func @any_type(%a: !attn_gpu.row<f32>) {
  // expected-error @below {{expected a row of i1, got '!attn_gpu.row<f32>'}}
  %0 = attn_gpu.any %a : !attn_gpu.row<f32>
  return
}

// -----

func.func @defer_type(%a: !attn_gpu.row<f32>, %i: i32, %l: !llvm.ptr<1>) {
  // expected-error @below {{expected a row of i1, got '!attn_gpu.row<f32>'}}
  attn_gpu.defer_tile %i to %l if %a : !llvm.ptr<1>, !attn_gpu.row<f32>
  return
}

// -----

func.func @wgmma_depth(%q: !attn_gpu.shared<64x64xbf16>, %k: !attn_gpu.shared<128x64xbf16>) {
  // expected-error @below {{expected a depth in steps of 16 within the tiles, got 72}}
  %0 = attn_gpu.wgmma %q, %k depth 72 : !attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x128xf32>
  return
}

// -----

func.func @wgmma_columns(%q: !attn_gpu.shared<64x64xbf16>, %k: !attn_gpu.shared<128x64xbf16>) {
  // expected-error @below {{expected a product of the tile's 128 columns, got 136}}
  %0 = attn_gpu.wgmma %q, %k : !attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x136xf32>
  return
}

// -----

func.func @wgmma_lhs(%q: !attn_gpu.shared<64x64xbf16>, %k: !attn_gpu.shared<128x64xbf16>) {
  // expected-error @below {{expected a tile of 64 rows and the depth on the left, got '!attn_gpu.shared<128x64xbf16>'}}
  %0 = attn_gpu.wgmma %k, %k : !attn_gpu.shared<128x64xbf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x128xf32>
  return
}

// -----

func.func @wgmma_fragment(%p: !attn_gpu.fragment<64x64xbf16>, %k: !attn_gpu.shared<128x64xbf16>) {
  // expected-error @below {{expected a packed fragment of the depth on the left, got '!attn_gpu.fragment<64x64xbf16>'}}
  %0 = attn_gpu.wgmma %p, %k values : !attn_gpu.fragment<64x64xbf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x64xf32>
  return
}

// -----

func.func @wgmma_types(%q: !attn_gpu.shared<64x64xf16>, %k: !attn_gpu.shared<128x64xbf16>) {
  // expected-error @below {{expected operands of one element type}}
  %0 = attn_gpu.wgmma %q, %k : !attn_gpu.shared<64x64xf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x128xf32>
  return
}

// -----

func.func @reduce_every(%a: !attn_gpu.fragment<64x8xf32>) {
  // expected-error @+1 {{expected a positive number of columns, got 0}}
  %0 = attn_gpu.reduce max %a every 0 : !attn_gpu.fragment<64x8xf32>
  return
}

// -----

func.func @wgmma_adds(%q: !attn_gpu.shared<64x64xbf16>, %k: !attn_gpu.shared<128x64xbf16>, %adds: i1) {
  // expected-error @+1 {{expected an accumulator to be added or not}}
  %0 = attn_gpu.wgmma %q, %k if %adds : !attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x128xf32>
  return
}

// -----

func.func @wgmma_1_unused(%q: !attn_gpu.shared<64x64xbf16>, %k: !attn_gpu.shared<128x64xbf16>) {
  // expected-error @below {{expected one use of a product in flight}}
  %0 = attn_gpu.wgmma %q, %k : !attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x128xf32>
  return
}

// -----

func.func @wgmma_1_twice(%q: !attn_gpu.shared<64x64xbf16>, %k: !attn_gpu.shared<128x64xbf16>) {
  // expected-error @below {{expected one use of a product in flight}}
  %0 = attn_gpu.wgmma %q, %k : !attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x128xf32>
  %w = attn_gpu.wait pending 0 %0 : (!attn_gpu.in_flight<64x128xf32>) -> !attn_gpu.fragment<64x128xf32>
  %v = attn_gpu.wait pending 0 %0 : (!attn_gpu.in_flight<64x128xf32>) -> !attn_gpu.fragment<64x128xf32>
  return
}

// -----

func.func @wgmma_1_block(%q: !attn_gpu.shared<64x64xbf16>, %k: !attn_gpu.shared<128x64xbf16>, %c: i1) {
  // expected-error @below {{expected attn_gpu.wait in the same block to be the use of a product in flight}}
  %0 = attn_gpu.wgmma %q, %k : !attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x128xf32>
  scf.if %c {
    %w = attn_gpu.wait pending 0 %0 : (!attn_gpu.in_flight<64x128xf32>) -> !attn_gpu.fragment<64x128xf32>
  }
  return
}

// -----

func.func @wgmma_2_count(%q: !attn_gpu.shared<64x64xbf16>, %k: !attn_gpu.shared<128x64xbf16>) {
  %0 = attn_gpu.wgmma %q, %k : !attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x128xf32>
  // expected-error @below {{expected 2 products in flight behind those waited for, there are 1}}
  %w = attn_gpu.wait pending 2 %0 : (!attn_gpu.in_flight<64x128xf32>) -> !attn_gpu.fragment<64x128xf32>
  return
}

// -----

func.func @wgmma_2_named(%q: !attn_gpu.shared<64x64xbf16>, %k: !attn_gpu.shared<128x64xbf16>) {
  %0 = attn_gpu.wgmma %q, %k : !attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x128xf32>
  %1 = attn_gpu.wgmma %q, %k : !attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x128xf32>
  // expected-error @below {{expected all products but the last 1 to be named, and no other}}
  %w = attn_gpu.wait pending 1 %1 : (!attn_gpu.in_flight<64x128xf32>) -> !attn_gpu.fragment<64x128xf32>
  %v = attn_gpu.wait pending 0 %0 : (!attn_gpu.in_flight<64x128xf32>) -> !attn_gpu.fragment<64x128xf32>
  return
}

// -----

func.func @wgmma_2_order(%q: !attn_gpu.shared<64x64xbf16>, %k: !attn_gpu.shared<128x64xbf16>) {
  %0 = attn_gpu.wgmma %q, %k : !attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x128xf32>
  %1 = attn_gpu.wgmma %q, %k : !attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x128xf32>
  // expected-error @below {{expected all products but the last 0 to be named, and no other}}
  %w = attn_gpu.wait pending 0 %0 : (!attn_gpu.in_flight<64x128xf32>) -> !attn_gpu.fragment<64x128xf32>
  %v = attn_gpu.wait pending 0 %1 : (!attn_gpu.in_flight<64x128xf32>) -> !attn_gpu.fragment<64x128xf32>
  return
}

// -----

func.func @wgmma_3(%p: !attn_gpu.fragment<64x128xbf16>, %k: !attn_gpu.shared<128x64xbf16>, %x: !attn_gpu.fragment<64x128xf32>) {
  %0 = attn_gpu.wgmma %p, %k values : !attn_gpu.fragment<64x128xbf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x64xf32>
  // expected-error @below {{packs a fragment while a product that reads one is in flight}}
  %n = attn_gpu.pack %x : !attn_gpu.fragment<64x128xf32> to !attn_gpu.fragment<64x128xbf16>
  %w = attn_gpu.wait pending 0 %0 : (!attn_gpu.in_flight<64x64xf32>) -> !attn_gpu.fragment<64x64xf32>
  return
}

// -----

func.func @wgmma_4(%q: !attn_gpu.shared<64x64xbf16>, %k: !attn_gpu.shared<128x64xbf16>, %x: f32) {
  %0 = attn_gpu.wgmma %q, %k : !attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x128xf32>
  // expected-error @below {{splats while a product is in flight}}
  %n = attn_gpu.splat %x : f32 to !attn_gpu.row<f32>
  %w = attn_gpu.wait pending 0 %0 : (!attn_gpu.in_flight<64x128xf32>) -> !attn_gpu.fragment<64x128xf32>
  return
}

// -----

func.func @wait_type(%q: !attn_gpu.shared<64x64xbf16>, %k: !attn_gpu.shared<128x64xbf16>) {
  %0 = attn_gpu.wgmma %q, %k : !attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16> -> !attn_gpu.in_flight<64x128xf32>
  // expected-error @below {{expected '!attn_gpu.fragment<64x128xf32>' for '!attn_gpu.in_flight<64x128xf32>', got '!attn_gpu.fragment<64x64xf32>'}}
  %w = attn_gpu.wait pending 0 %0 : (!attn_gpu.in_flight<64x128xf32>) -> !attn_gpu.fragment<64x64xf32>
  return
}

// -----

func.func @isolate_elements(%p: !attn_gpu.fragment<64x128xbf16>, %v: !attn_gpu.shared<128x64xbf16>, %o: !attn_gpu.fragment<64x64xf32>, %wg: i32) {
  // expected-error @below {{expected probabilities and outputs of f32}}
  %0 = attn_gpu.isolate %p, %v into %o by %wg of 2 : !attn_gpu.fragment<64x128xbf16>, !attn_gpu.shared<128x64xbf16>, !attn_gpu.fragment<64x64xf32>
  return
}

// -----

func.func @isolate_rows(%p: !attn_gpu.fragment<64x64xf32>, %v: !attn_gpu.shared<128x64xbf16>, %o: !attn_gpu.fragment<64x64xf32>, %wg: i32) {
  // expected-error @below {{expected one tile with a row for each of the 64 probabilities, got '!attn_gpu.shared<128x64xbf16>'}}
  %0 = attn_gpu.isolate %p, %v into %o by %wg of 2 : !attn_gpu.fragment<64x64xf32>, !attn_gpu.shared<128x64xbf16>, !attn_gpu.fragment<64x64xf32>
  return
}

// -----

func.func @isolate_columns(%p: !attn_gpu.fragment<64x128xf32>, %v: !attn_gpu.shared<128x64xbf16>, %o: !attn_gpu.fragment<64x72xf32>, %wg: i32) {
  // expected-error @below {{expected a tile of the output's 72 columns, got '!attn_gpu.shared<128x64xbf16>'}}
  %0 = attn_gpu.isolate %p, %v into %o by %wg of 2 : !attn_gpu.fragment<64x128xf32>, !attn_gpu.shared<128x64xbf16>, !attn_gpu.fragment<64x72xf32>
  return
}

// -----

func.func @isolate_count(%p: !attn_gpu.fragment<64x128xf32>, %v: !attn_gpu.shared<128x64xbf16>, %o: !attn_gpu.fragment<64x64xf32>, %wg: i32) {
  // expected-error @below {{expected a consumer at least}}
  %0 = attn_gpu.isolate %p, %v into %o by %wg of 0 : !attn_gpu.fragment<64x128xf32>, !attn_gpu.shared<128x64xbf16>, !attn_gpu.fragment<64x64xf32>
  return
}

// -----

func.func @mma_depth(%q: !attn_gpu.shared<64x64xbf16>, %k: !attn_gpu.shared<128x64xbf16>) {
  // expected-error @below {{'attn_gpu.mma' op expected a depth in steps of 16 within the tiles, got 72}}
  %0 = attn_gpu.mma [%q], %k depth 72 : (!attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16>) -> !attn_gpu.fragment<64x128xf32>
  return
}

// -----

func.func @mma_result(%q: !attn_gpu.shared<64x64xbf16>, %k: !attn_gpu.shared<128x64xbf16>) {
  // expected-error @below {{expected a product in f32, got '!attn_gpu.fragment<64x128xbf16>'}}
  %0 = attn_gpu.mma [%q], %k : (!attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16>) -> !attn_gpu.fragment<64x128xbf16>
  return
}

// -----

func.func @mma_nothing(%k: !attn_gpu.shared<128x64xbf16>) {
  // expected-error @below {{expected an operand on the left}}
  attn_gpu.mma [], %k : (!attn_gpu.shared<128x64xbf16>) -> ()
  return
}

// -----

func.func @mma_results(%q: !attn_gpu.shared<64x64xbf16>, %k: !attn_gpu.shared<128x64xbf16>) {
  // expected-error @below {{expected a result for each of 2 operands on the left, got 1}}
  %0 = attn_gpu.mma [%q, %q], %k : (!attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16>) -> !attn_gpu.fragment<64x128xf32>
  return
}

// -----

func.func @mma_accumulators(%q: !attn_gpu.shared<64x64xbf16>, %k: !attn_gpu.shared<128x64xbf16>, %o: !attn_gpu.fragment<64x128xf32>) {
  // expected-error @below {{expected an accumulator for each of 2 operands on the left, got 1}}
  %0:2 = attn_gpu.mma [%q, %q], %k into [%o] : (!attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16>, !attn_gpu.fragment<64x128xf32>) -> (!attn_gpu.fragment<64x128xf32>, !attn_gpu.fragment<64x128xf32>)
  return
}

// -----

func.func @mma_operands(%q: !attn_gpu.shared<64x64xbf16>, %r: !attn_gpu.shared<64x128xbf16>, %k: !attn_gpu.shared<128x64xbf16>) {
  // expected-error @below {{expected operands of one type on the left, got '!attn_gpu.shared<64x64xbf16>' and '!attn_gpu.shared<64x128xbf16>'}}
  %0:2 = attn_gpu.mma [%q, %r], %k : (!attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<64x128xbf16>, !attn_gpu.shared<128x64xbf16>) -> (!attn_gpu.fragment<64x128xf32>, !attn_gpu.fragment<64x128xf32>)
  return
}

// -----

func.func @mma_types(%q: !attn_gpu.shared<64x64xbf16>, %k: !attn_gpu.shared<128x64xbf16>, %o: !attn_gpu.fragment<64x64xf32>) {
  // expected-error @below {{expected accumulators and results of one type, got '!attn_gpu.fragment<64x128xf32>' and '!attn_gpu.fragment<64x64xf32>'}}
  %0 = attn_gpu.mma [%q], %k into [%o] : (!attn_gpu.shared<64x64xbf16>, !attn_gpu.shared<128x64xbf16>, !attn_gpu.fragment<64x64xf32>) -> !attn_gpu.fragment<64x128xf32>
  return
}

// -----

func.func @warpgroups_count() {
  // expected-error @below {{expected 1 to 4 warpgroups, got 5}}
  attn_gpu.warpgroups 5 blocks = 1 {
  ^bb0(%wg: i32):
  }
  return
}

// -----

func.func @warpgroups_blocks() {
  // expected-error @below {{expected 1 to 16 blocks on a multiprocessor, got 0}}
  attn_gpu.warpgroups 1 blocks = 0 {
  ^bb0(%wg: i32):
  }
  return
}

// -----

func.func @warpgroups_argument() {
  // expected-error @below {{expected the number of the warpgroup (i32) as the only argument}}
  attn_gpu.warpgroups 1 blocks = 1 {
  }
  return
}

// -----

func.func @copy_part(%p: !llvm.ptr<1>, %s: i64, %n: i32, %k: !attn_gpu.shared<64x64xbf16 of 128>) {
  // expected-error @below {{expected one tile, got '!attn_gpu.shared<64x64xbf16 of 128>'}}
  attn_gpu.copy_rows %p stride %s rows %n columns 64 to %k aligned 16 by 1 : !llvm.ptr<1>, !attn_gpu.shared<64x64xbf16 of 128>
  return
}

// -----

func.func @copy_ring(%p: !llvm.ptr<1>, %s: i64, %n: i32, %k: !attn_gpu.shared<2x64x64xbf16>) {
  // expected-error @below {{expected one tile, got '!attn_gpu.shared<2x64x64xbf16>'}}
  attn_gpu.copy_rows %p stride %s rows %n columns 64 to %k aligned 16 by 1 : !llvm.ptr<1>, !attn_gpu.shared<2x64x64xbf16>
  return
}

// -----

func.func @copy_alignment(%p: !llvm.ptr<1>, %s: i64, %n: i32, %k: !attn_gpu.shared<64x64xbf16>) {
  // expected-error @below {{expected an alignment of 2 to 16 bytes, got 32}}
  attn_gpu.copy_rows %p stride %s rows %n columns 64 to %k aligned 32 by 1 : !llvm.ptr<1>, !attn_gpu.shared<64x64xbf16>
  return
}

// -----

func.func @copy_columns(%p: !llvm.ptr<1>, %s: i64, %n: i32, %k: !attn_gpu.shared<64x64xbf16>) {
  // expected-error @below {{expected 1 to 64 columns, as the tile has, got 72}}
  attn_gpu.copy_rows %p stride %s rows %n columns 72 to %k aligned 16 by 1 : !llvm.ptr<1>, !attn_gpu.shared<64x64xbf16>
  return
}

// -----

func.func @copy_whole(%p: !llvm.ptr<1>, %s: i64, %n: i32, %k: !attn_gpu.shared<64x64xbf16>) {
  // expected-error @below {{expected columns of whole 16 bytes, got 20}}
  attn_gpu.copy_rows %p stride %s rows %n columns 20 to %k aligned 16 by 1 : !llvm.ptr<1>, !attn_gpu.shared<64x64xbf16>
  return
}

// -----

func.func @copy_groups(%p: !llvm.ptr<1>, %s: i64, %n: i32, %k: !attn_gpu.shared<64x64xbf16>) {
  // expected-error @below {{expected both the rows of a group and the distance of groups, or neither}}
  "attn_gpu.copy_rows"(%p, %s, %n, %n, %k) {columns = 64 : i64, alignment = 16 : i64, warpgroups = 1 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 1>} : (!llvm.ptr<1>, i64, i32, i32, !attn_gpu.shared<64x64xbf16>) -> ()
  return
}

// -----

func.func @await_pending() {
  // expected-error @below {{expected no negative number of groups, got -1}}
  attn_gpu.await_copies pending -1
  return
}

// -----

func.func @any_of_block(%row: !attn_gpu.row<f32>) {
  // expected-error @below {{expected a row of i1, got '!attn_gpu.row<f32>'}}
  %0 = attn_gpu.any_of_block %row by 1 : !attn_gpu.row<f32>
  return
}

// -----

func.func @split_type(%p: !llvm.ptr<1>, %s: i64, %n: i32, %k: !attn_gpu.shared<64x64xf16>) {
  // expected-error @below {{expected tiles of bf16, got '!attn_gpu.shared<64x64xf16>'}}
  attn_gpu.split_rows %p stride %s rows %n columns 64 to %k, %k aligned 16 by 1 : !llvm.ptr<1>, !attn_gpu.shared<64x64xf16>
  return
}

// -----

func.func @split_alignment(%p: !llvm.ptr<1>, %s: i64, %n: i32, %k: !attn_gpu.shared<64x64xbf16>) {
  // expected-error @below {{expected an alignment of 4 to 16 bytes, got 2}}
  attn_gpu.split_rows %p stride %s rows %n columns 64 to %k, %k aligned 2 by 1 : !llvm.ptr<1>, !attn_gpu.shared<64x64xbf16>
  return
}

// -----

func.func @store_type(%p: !llvm.ptr<1>, %s: i64, %n: i32, %o: !attn_gpu.fragment<64x64xi32>) {
  // expected-error @below {{expected a fragment of f16, bf16 or f32, got '!attn_gpu.fragment<64x64xi32>'}}
  attn_gpu.store_rows %o to %p stride %s rows %n aligned 16 : !attn_gpu.fragment<64x64xi32>, !llvm.ptr<1>
  return
}

// -----

func.func @store_groups(%p: !llvm.ptr<1>, %s: i64, %n: i32, %o: !attn_gpu.fragment<64x64xf32>) {
  // expected-error @below {{expected both the rows of a group and the distance of groups, or neither}}
  "attn_gpu.store_rows"(%o, %p, %s, %s, %n) {alignment = 16 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 1>} : (!attn_gpu.fragment<64x64xf32>, !llvm.ptr<1>, i64, i64, i32) -> ()
  return
}

// -----

func.func @store_alignment(%p: !llvm.ptr<1>, %s: i64, %n: i32, %o: !attn_gpu.fragment<64x64xf32>) {
  // expected-error @below {{expected an alignment of 8 to 16 bytes, got 4}}
  attn_gpu.store_rows %o to %p stride %s rows %n aligned 4 : !attn_gpu.fragment<64x64xf32>, !llvm.ptr<1>
  return
}
