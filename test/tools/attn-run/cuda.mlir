// REQUIRES: ptxas
// Without a driver.
// RUN: env LD_LIBRARY_PATH=/no/driver sh -c 'attn-run %s --target=cuda --random 2>&1; echo status $?' | FileCheck %s --check-prefix=NODRIVER
// NODRIVER: --target=cuda: no CUDA driver: libcuda.so.1
// NODRIVER: status 2

// A fake driver launches nothing: results keep what shows that they are not written.
// DEFINE: %{fake} = env LD_LIBRARY_PATH=%build/test/Unit/FakeCUDA
// DEFINE: %{shapes} = --shape 0=2x3x40x64 --shape 1=2x3x50x64 --shape 2=2x3x50x64
// RUN: %{fake} attn-run %s --target=cuda --random %{shapes} --bench=0.01 | FileCheck %s --check-prefix=BENCH
// BENCH: @main on cuda (Fake GPU), {{.*}} backend flash
// BENCH: L2 flushed min 0.250 ms, median 0.250 ms
// BENCH: L2 not flushed min 0.250 ms, median 0.250 ms
// RUN: not %{fake} attn-run %s --target=cuda --random %{shapes} --compare=math 2>&1 | FileCheck %s --check-prefix=COMPARE
// COMPARE: result 0 differs
// RUN: %{fake} attn-run %s --target=cuda --random %{shapes} --bench=0.01 --format=json --profile %t.trace | FileCheck %s --check-prefix=JSON
// JSON-DAG: "device": "Fake GPU"
// JSON-DAG: "l2_not_flushed"
// JSON-DAG: "target": "cuda"
// RUN: FileCheck %s --check-prefix=TRACE --input-file %t.trace
// TRACE: "name":"ptxas"

// RUN: not %{fake} attn-run %s --target=cuda --random %{shapes} --gpu-arch=sm_80 2>&1 | FileCheck %s --check-prefix=ARCH
// ARCH: error: @main failed: the code is for sm_80, device 0 (Fake GPU) is sm_90: compile for it

!t = tensor<?x?x?x64xbf16>
func.func @main(%q: !t, %k: !t, %v: !t) -> !t {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %b = tensor.dim %q, %c0 : !t
  %h = tensor.dim %q, %c1 : !t
  %l = tensor.dim %q, %c2 : !t
  %e = tensor.empty(%b, %h, %l) : !t
  %o = attn.sdpa query(%q : !t) key(%k : !t) value(%v : !t) outs(%e : !t) -> !t
  return %o : !t
}
