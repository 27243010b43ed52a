#!/usr/bin/env bash
# Shows what the compiler does with one model: demo.sh BIN_DIR MODEL.mlir
set -euo pipefail
bin=$1 model=$2
width=$(tput cols 2>/dev/null || echo 120)
section() { printf '\n\033[1m--- %s\033[0m\n\n' "$*"; }
narrow() { cut -c "1-$((width > 40 ? width : 120))"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

section "The model as PyTorch exports it ($(basename "$model"), $(wc -l <"$model") lines; its attention begins)"
grep -n -A 60 'tensor<1x8x1024x64xf32>) outs' "$model" | sed -n '1,46p' | narrow
printf '   ... and so on for %s operations.\n' "$(grep -c '= \(linalg\|tensor\|arith\)' "$model")"

section "After attn-opt --attn-raise-pipeline"
"$bin/attn-opt" "$model" --attn-raise-pipeline --remarks-filter=attn-fusion \
  -o "$work/fused.mlir" 2>"$work/remarks.txt"
grep -v '^ *%[a-z_0-9]* = \(tensor.empty\|arith.constant\)' "$work/fused.mlir" | narrow

section "The remark that says what was fused"
grep -m 1 -o 'remark: .*' "$work/remarks.txt" | fold -s -w "$((width > 40 ? width : 120))"

section "The fused program beside the unfused one, and beside f64"
threads=1
"$bin/attn-run" "$model" --random --random-scale=0.25 --compare=math --threads $threads
"$bin/attn-run" "$model" --random --random-scale=0.25 --compare=unfused --bench=3 --threads $threads \
  --format=json >"$work/report.json"
python3 - "$work/report.json" <<'PYTHON'
import json, sys
report = json.load(open(sys.argv[1]))
other = report["compared"]
print(f"fused    {report['median_ms']:8.1f} ms (median, {report['threads']} thread)")
print(f"unfused  {other['median_ms']:8.1f} ms")
error = max(e["max_abs"] for e in report["errors"])
found = report["fused"]
print(f"\ndemo: fused {found} of 1 attention, max error {error:.1e}, "
      f"{other['median_ms'] / report['median_ms']:.1f} times the unfused program")
sys.exit(found != 1)
PYTHON
