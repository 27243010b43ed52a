//===- Picture.cpp - Masks and tiles as SVG ---------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Picture.h"
#include "attn/Dialect/Attn/IR/MaskAnalysis.h"
#include "attn/Support/OutputFile.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::attn;

namespace {

constexpr double kWidth = 480;
constexpr double kMargin = 24;
constexpr StringLiteral kStyle(R"(<style>
text { font: 12px sans-serif; }
.empty { fill: #fff; stroke: #ddd; }
.full { fill: #7fb3d5; stroke: #fff; }
.partial { fill: #d6e6f2; stroke: #fff; }
.kept { fill: #1f618d; }
</style>
)");

/// One op, at a height; returns where the next one starts.
double draw(raw_ostream &os, SdpaOp op, double top) {
  int64_t lq = op.getNumQueries(), lk = op.getNumKeys();
  int64_t tileQueries = 64, tileKeys = 64;
  if (auto schedule = dyn_cast_or_null<CPUScheduleAttr>(op.getScheduleAttr())) {
    tileQueries = schedule.getGroupQueries();
    tileKeys = schedule.getBlockKeys();
  }
  bool isDynamic = op.getMask() || op.hasKeepRegion() || op.getKeyLengths() ||
                   (op.getStructureAttr() && !op.getStructureAttr().isExact());
  double unit = kWidth / std::max<int64_t>({lq, lk, 1});
  SmallVector<KeyInterval> rows;
  for (int64_t i = 0; i < lq; ++i)
    rows.push_back(getClampedKeyInterval(op.getStructureAttr(), i, {lq, lk}));

  int64_t numFull = 0, numPartial = 0, numEmpty = 0;
  std::string tiles;
  llvm::raw_string_ostream tileStream(tiles);
  auto rectangle = [&](double x, double y, double width, double height,
                       StringRef kind) {
    tileStream << llvm::formatv(
        "<rect class=\"{0}\" x=\"{1:f2}\" y=\"{2:f2}\" width=\"{3:f2}\" "
        "height=\"{4:f2}\"/>\n",
        kind, kMargin + x * unit, top + 2 * kMargin + y * unit, width * unit,
        height * unit);
  };
  for (int64_t q = 0; q < lq; q += tileQueries)
    for (int64_t k = 0; k < lk; k += tileKeys) {
      int64_t qEnd = std::min(q + tileQueries, lq);
      int64_t kEnd = std::min(k + tileKeys, lk);
      bool isFull = !isDynamic, isEmpty = true;
      for (int64_t i = q; i < qEnd; ++i) {
        isFull &= rows[i].begin <= k && rows[i].end >= kEnd;
        isEmpty &= rows[i].begin >= kEnd || rows[i].end <= k;
      }
      ++(isEmpty ? numEmpty : isFull ? numFull : numPartial);
      rectangle(k, q, kEnd - k, qEnd - q,
                isEmpty  ? "empty"
                : isFull ? "full"
                         : "partial");
    }
  // What is kept, row by row, where rows can be told apart.
  constexpr int64_t kMaxRows = 512;
  if (lq <= kMaxRows && op.getStructureAttr())
    for (int64_t i = 0; i < lq; ++i)
      if (rows[i].begin < rows[i].end)
        rectangle(rows[i].begin, i + 0.35, rows[i].end - rows[i].begin, 0.3,
                  "kept");
  std::string structure = "none";
  if (op.getStructureAttr()) {
    structure.clear();
    llvm::raw_string_ostream(structure) << op.getStructureAttr();
    for (auto [from, to] : {std::pair{"<", "&lt;"}, std::pair{">", "&gt;"}})
      for (size_t at = 0; (at = structure.find(from, at)) != std::string::npos;
           at += StringRef(to).size())
        structure.replace(at, 1, to);
  }
  os << llvm::formatv(
      "<text x=\"{0}\" y=\"{1}\">{2} queries x {3} keys, structure {4}{5}; "
      "tiles of {6} x {7}: {8} full, {9} partial, {10} not visited</text>\n",
      kMargin, top + 1.5 * kMargin, lq, lk, structure,
      isDynamic ? ", more masks at run time" : "", tileQueries, tileKeys,
      numFull, numPartial, numEmpty);
  os << tiles;
  return top + 3 * kMargin + lq * unit;
}

} // namespace

llvm::Error attn::writePicture(ModuleOp module, StringRef path) {
  std::string body;
  llvm::raw_string_ostream os(body);
  double height = 0;
  module.walk([&](SdpaOp op) {
    if (!op.isRagged() && !ShapedType::isDynamic(op.getNumQueries()) &&
        !ShapedType::isDynamic(op.getNumKeys()))
      height = draw(os, op, height);
  });
  if (height == 0)
    return llvm::createStringError(
        "there is no attention of static lengths to draw");
  std::string header =
      llvm::formatv("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" "
                    "height=\"{1:f0}\">\n",
                    kWidth + 20 * kMargin, height + kMargin);
  return writeOutputFile(path, header + kStyle.str() + body + "</svg>\n");
}
