//===- Report.cpp - What attn-run says --------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Report.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include <cmath>

using namespace mlir;
using namespace mlir::attn;

Timing attn::getTiming(std::vector<double> seconds) {
  llvm::sort(seconds);
  size_t n = seconds.size();
  double median =
      n % 2 ? seconds[n / 2] : (seconds[n / 2 - 1] + seconds[n / 2]) / 2;
  return {seconds.front() * 1e3, median * 1e3};
}

std::optional<double> Report::getGflops() const {
  if (!timing || !flops)
    return std::nullopt;
  return *flops / timing->medianMs * 1e-6;
}

void Report::printJSON(llvm::raw_ostream &os) const {
  auto orNull = [](auto value) -> llvm::json::Value {
    if (!value)
      return nullptr;
    return *value;
  };
  // JSON has no infinity.
  auto getNumber = [](double value) -> llvm::json::Value {
    if (!std::isfinite(value))
      return nullptr;
    return value;
  };
  llvm::json::Array errorList;
  for (const TensorError &error : errors)
    errorList.push_back(
        llvm::json::Object{{"max_abs", getNumber(error.maxAbs)},
                           {"rel_frobenius", getNumber(error.relFrobenius)}});
  llvm::json::Object object{{"entry", entry},
                            {"target", target},
                            {"backend", backend},
                            {"threads", threads},
                            {"compile_ms", compileMs},
                            {"flops", orNull(flops)},
                            {"gflops", orNull(getGflops())},
                            {"fused", fused},
                            {"errors", std::move(errorList)}};
  object["min_ms"] = timing ? llvm::json::Value(timing->minMs) : nullptr;
  object["median_ms"] = timing ? llvm::json::Value(timing->medianMs) : nullptr;
  if (target == "cuda")
    object["device"] = device;
  if (warmTiming)
    object["l2_not_flushed"] = llvm::json::Object{
        {"min_ms", warmTiming->minMs}, {"median_ms", warmTiming->medianMs}};
  if (comparedTiming)
    object["compared"] =
        llvm::json::Object{{"program", comparedName},
                           {"min_ms", comparedTiming->minMs},
                           {"median_ms", comparedTiming->medianMs}};
  os << llvm::formatv("{0:2}\n", llvm::json::Value(std::move(object)));
}

void Report::printTable(llvm::raw_ostream &os) const {
  os << llvm::formatv("@{0} on {1} ({2}), {3} thread{4}, backend {5}, fused "
                      "{6}, compiled in {7:f0} ms\n",
                      entry, target, device, threads, threads == 1 ? "" : "s",
                      backend, fused, compileMs);
  for (auto [index, error] : llvm::enumerate(errors))
    os << llvm::formatv("result {0}: max abs error {1:e2}, relative Frobenius "
                        "error {2:e2}\n",
                        index, error.maxAbs, error.relFrobenius);
  auto printTiming = [&](StringRef name, const Timing &timing) {
    os << llvm::formatv("{0,-8} min {1:f3} ms, median {2:f3} ms", name,
                        timing.minMs, timing.medianMs);
  };
  if (timing) {
    printTiming(warmTiming ? "L2 flushed" : "time", *timing);
    if (std::optional<double> gflops = getGflops())
      os << llvm::formatv(", {0:f1} GFLOP/s in attention", *gflops);
    os << "\n";
  }
  if (warmTiming) {
    printTiming("L2 not flushed", *warmTiming);
    os << "\n";
  }
  if (comparedTiming) {
    printTiming(comparedName, *comparedTiming);
    os << llvm::formatv(", {0:f2} times ours\n",
                        comparedTiming->medianMs / timing->medianMs);
  }
}

void Report::print(llvm::raw_ostream &os, Format format) const {
  if (format == Format::JSON)
    printJSON(os);
  else
    printTable(os);
}
