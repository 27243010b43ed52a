//===- PtxasReport.cpp - What ptxas prints ----------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Target/NVVM/Ptxas.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace mlir::attn;

/// The number before `unit` in a list such as "used 168 registers, 9 barriers".
static int64_t getNumber(StringRef list, StringRef unit) {
  size_t end = list.find((" " + unit).str());
  if (end == StringRef::npos)
    return 0;
  StringRef before = list.substr(0, end);
  int64_t number = 0;
  before.take_back(before.size() - (before.find_last_not_of("0123456789") + 1))
      .getAsInteger(10, number);
  return number;
}

/// The code in parentheses at the start of a text: "(C7510) Potential ...".
static StringRef takeCode(StringRef &text) {
  StringRef rest = text;
  if (!rest.consume_front("(") || !rest.starts_with("C"))
    return {};
  auto [code, after] = rest.split(')');
  text = after.ltrim();
  return code;
}

static void addMessage(PtxasReport &report, PtxasMessage::Severity severity,
                       StringRef text) {
  text = text.ltrim();
  StringRef code = takeCode(text);
  report.messages.push_back({severity, code.str(), text.str()});
}

PtxasReport mlir::attn::parsePtxasOutput(StringRef output) {
  PtxasReport report;
  auto getKernel = [&](StringRef name) -> KernelResources & {
    for (KernelResources &kernel : report.kernels)
      if (kernel.name == name)
        return kernel;
    report.kernels.push_back({name.str()});
    return report.kernels.back();
  };
  // Lines about a kernel follow the one that names it.
  std::string current;
  for (StringRef line : split(output, '\n')) {
    line = line.trim();
    if (line.empty())
      continue;
    StringRef text = line;
    if (line.contains("bytes stack frame")) {
      KernelResources &kernel = getKernel(current);
      kernel.stackBytes = getNumber(line, "bytes stack frame");
      kernel.spillStoreBytes = getNumber(line, "bytes spill stores");
      kernel.spillLoadBytes = getNumber(line, "bytes spill loads");
      continue;
    }
    if (!text.consume_front("ptxas "))
      continue;
    // "ptxas /tmp/x.ptx, line 7; error   : ..." has the place first.
    if (size_t place = text.find("; ");
        text.contains(", line ") && place != StringRef::npos)
      text = text.substr(place + 2);
    auto [kind, message] = text.split(':');
    kind = kind.trim();
    message = message.trim();
    if (message.consume_front("Compiling entry function '")) {
      current = message.split('\'').first.str();
    } else if (message.consume_front("Function properties for ")) {
      current = message.str();
    } else if (message.starts_with("Used ")) {
      KernelResources &kernel = getKernel(current);
      kernel.registers = getNumber(message, "registers");
      kernel.barriers = getNumber(message, "barriers");
      kernel.sharedBytes = getNumber(message, "bytes smem");
    } else if (kind == "error" || kind == "fatal") {
      addMessage(report, PtxasMessage::Error, message);
    } else if (kind == "warning") {
      addMessage(report, PtxasMessage::Warning, message);
    } else if (message.starts_with("(C")) {
      addMessage(report, PtxasMessage::Info, message);
    }
  }
  return report;
}
