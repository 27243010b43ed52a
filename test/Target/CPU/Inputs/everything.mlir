// What makes a kernel long: all operands and regions, tails in both dimensions, sizes
// that are known when it runs.
func.func @everything(%q: tensor<?x8x?x72xf16>, %k: tensor<?x2x?x72xf16>, %v: tensor<?x2x?x40xf16>, %s: f32,
    %b: tensor<?x?xf32>, %m: tensor<8x1x?xi1>, %qd: tensor<?x?xi32>, %kd: tensor<?xi32>,
    %o: tensor<?x8x?x40xf16>, %l: tensor<?x8x?xf32>) -> (tensor<?x8x?x40xf16>, tensor<?x8x?xf32>) {
  %0:2 = attn.sdpa query(%q : tensor<?x8x?x72xf16>) key(%k : tensor<?x2x?x72xf16>) value(%v : tensor<?x2x?x40xf16>)
      scale(%s : f32) softcap = 30.0 bias(%b : tensor<?x?xf32>) mask(%m : tensor<8x1x?xi1>)
      documents(%qd, %kd : tensor<?x?xi32>, tensor<?xi32>)
      structure(#attn.all_of<[#attn.causal<bottom_right>, #attn.window<128, -1>, #attn.document]>)
      masked_row = uniform
      score(%x: f32, %b0: index, %h: index, %i: index, %j: index) {
        %d = arith.subi %j, %i : index
        %n = arith.index_cast %d : index to i64
        %f = arith.sitofp %n : i64 to f32
        %y = arith.addf %x, %f : f32
        attn.yield %y : f32
      }
      keep(%b0: index, %h: index, %i: index, %j: index) {
        %p = arith.cmpi ne, %i, %j : index
        attn.yield %p : i1
      }
      outs(%o, %l : tensor<?x8x?x40xf16>, tensor<?x8x?xf32>) -> tensor<?x8x?x40xf16>, tensor<?x8x?xf32>
  return %0#0, %0#1 : tensor<?x8x?x40xf16>, tensor<?x8x?xf32>
}

// Decoding: two kernels.
func.func @decode(%q: tensor<8x4x72xbf16>, %k: tensor<2x?x72xbf16>, %v: tensor<2x?x72xbf16>, %o: tensor<8x4x72xbf16>) -> tensor<8x4x72xbf16> {
  %0 = attn.sdpa query(%q : tensor<8x4x72xbf16>) key(%k : tensor<2x?x72xbf16>) value(%v : tensor<2x?x72xbf16>)
      structure(#attn.causal<bottom_right>) outs(%o : tensor<8x4x72xbf16>) -> tensor<8x4x72xbf16>
  return %0 : tensor<8x4x72xbf16>
}
