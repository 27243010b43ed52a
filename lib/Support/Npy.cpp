//===- Npy.cpp - Arrays in .npy files ---------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The format is described in NumPy's documentation, numpy.lib.format.
//
//===----------------------------------------------------------------------===//

#include "attn/Support/Npy.h"
#include "attn/Support/OutputFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace mlir::attn;

static constexpr StringLiteral kMagic("\x93NUMPY");

int64_t Array::getNumElements() const {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

StringRef mlir::attn::getDtypeName(attn_dtype dtype) {
  switch (dtype) {
  case ATTN_F16:
    return "f16";
  case ATTN_BF16:
    return "bf16";
  case ATTN_F32:
    return "f32";
  case ATTN_F64:
    return "f64";
  case ATTN_BOOL:
    return "bool";
  case ATTN_I8:
    return "i8";
  case ATTN_I16:
    return "i16";
  case ATTN_I32:
    return "i32";
  case ATTN_I64:
    return "i64";
  }
  return "unknown";
}

static int64_t getElementSize(attn_dtype dtype) {
  switch (dtype) {
  case ATTN_BOOL:
  case ATTN_I8:
    return 1;
  case ATTN_F16:
  case ATTN_BF16:
  case ATTN_I16:
    return 2;
  case ATTN_F32:
  case ATTN_I32:
    return 4;
  case ATTN_F64:
  case ATTN_I64:
    return 8;
  }
  return 0;
}

static Error makeError(StringRef path, const Twine &message) {
  return createStringError(path + ": " + message);
}

namespace {

/// The header's dictionary: {'descr': '<f4', 'fortran_order': False, 'shape':
/// (2, 3), }.
struct Header {
  std::string descr;
  bool fortranOrder = false;
  SmallVector<int64_t> shape;
};

/// Reads the literal dictionary of a header, and no other Python.
class HeaderParser {
public:
  HeaderParser(StringRef path, StringRef text) : path(path), rest(text) {}

  Expected<Header> parse();

private:
  Error fail(const Twine &message) {
    return makeError(path, "bad .npy header: " + message);
  }
  bool consume(StringRef token) {
    rest = rest.ltrim();
    return rest.consume_front(token);
  }
  bool parseString(StringRef &result) {
    rest = rest.ltrim();
    if (rest.empty() || (rest[0] != '\'' && rest[0] != '"'))
      return false;
    size_t end = rest.find(rest[0], 1);
    if (end == StringRef::npos)
      return false;
    result = rest.slice(1, end);
    rest = rest.drop_front(end + 1);
    return true;
  }
  bool parseShape(SmallVectorImpl<int64_t> &shape) {
    if (!consume("("))
      return false;
    while (!consume(")")) {
      uint64_t size;
      rest = rest.ltrim();
      if (rest.consumeInteger(10, size) || size > (uint64_t(1) << 40))
        return false;
      shape.push_back(size);
      // Python 2 wrote 3L.
      rest.consume_front("L");
      if (!consume(",")) {
        if (consume(")"))
          break;
        return false;
      }
    }
    return true;
  }

  StringRef path, rest;
};

Expected<Header> HeaderParser::parse() {
  Header header;
  bool hasDescr = false, hasOrder = false, hasShape = false;
  if (!consume("{"))
    return fail("expected a dictionary");
  while (!consume("}")) {
    StringRef key;
    if (!parseString(key) || !consume(":"))
      return fail("expected a key");
    if (key == "descr") {
      StringRef descr;
      if (!parseString(descr))
        return fail("structured dtypes are not supported");
      header.descr = descr.str();
      hasDescr = true;
    } else if (key == "fortran_order") {
      header.fortranOrder = consume("True");
      if (!header.fortranOrder && !consume("False"))
        return fail("expected fortran_order to be True or False");
      hasOrder = true;
    } else if (key == "shape") {
      if (!parseShape(header.shape))
        return fail("expected shape to be a tuple of sizes");
      hasShape = true;
    } else {
      return fail("unknown key '" + key + "'");
    }
    if (!consume(",") && !rest.ltrim().starts_with("}"))
      return fail("expected ',' or '}'");
  }
  if (!hasDescr || !hasOrder || !hasShape)
    return fail("expected the keys descr, fortran_order and shape");
  return header;
}

struct ElementFormat {
  attn_dtype dtype;
  bool swapBytes;
};

} // namespace

static std::optional<ElementFormat> parseDescr(StringRef descr) {
  if (descr == "bfloat16")
    return ElementFormat{ATTN_BF16, false};
  if (descr.empty())
    return std::nullopt;
  bool big = descr[0] == '>';
  if (!StringRef("<>=|").contains(descr[0]))
    return std::nullopt;
  auto dtype = StringSwitch<std::optional<attn_dtype>>(descr.drop_front())
                   .Case("f2", ATTN_F16)
                   .Case("f4", ATTN_F32)
                   .Case("f8", ATTN_F64)
                   .Case("V2", ATTN_BF16)
                   .Case("b1", ATTN_BOOL)
                   .Case("i1", ATTN_I8)
                   .Case("i2", ATTN_I16)
                   .Case("i4", ATTN_I32)
                   .Case("i8", ATTN_I64)
                   .Default(std::nullopt);
  if (!dtype)
    return std::nullopt;
  return ElementFormat{*dtype,
                       big == (endianness::native == endianness::little)};
}

/// Reorders a Fortran array: its first index varies fastest.
static std::vector<char> transposeToC(ArrayRef<char> from,
                                      ArrayRef<int64_t> shape, int64_t size) {
  std::vector<char> to(from.size());
  SmallVector<int64_t> index(shape.size(), 0), strides(shape.size());
  int64_t stride = 1;
  for (size_t d = 0; d < shape.size(); ++d) {
    strides[d] = stride;
    stride *= shape[d];
  }
  for (int64_t offset = 0; offset < (int64_t)to.size(); offset += size) {
    int64_t source = 0;
    for (size_t d = 0; d < shape.size(); ++d)
      source += index[d] * strides[d];
    memcpy(&to[offset], &from[source * size], size);
    for (int64_t d = shape.size() - 1; d >= 0 && ++index[d] == shape[d]; --d)
      index[d] = 0;
  }
  return to;
}

Expected<Array> mlir::attn::readNpy(StringRef path) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> file =
      MemoryBuffer::getFile(path, /*IsText=*/false,
                            /*RequiresNullTerminator=*/false);
  if (!file)
    return makeError(path, file.getError().message());
  StringRef bytes = (*file)->getBuffer();
  if (!bytes.consume_front(kMagic))
    return makeError(path, "not a .npy file");
  if (bytes.size() < 2)
    return makeError(path, "truncated .npy header");
  unsigned major = (unsigned char)bytes[0];
  bytes = bytes.drop_front(2);
  if (major < 1 || major > 3)
    return makeError(path, "unsupported .npy version " + Twine(major));
  size_t lengthSize = major == 1 ? 2 : 4;
  if (bytes.size() < lengthSize)
    return makeError(path, "truncated .npy header");
  size_t length = major == 1 ? support::endian::read16le(bytes.data())
                             : support::endian::read32le(bytes.data());
  bytes = bytes.drop_front(lengthSize);
  if (bytes.size() < length)
    return makeError(path, "truncated .npy header");
  Expected<Header> header =
      HeaderParser(path, bytes.take_front(length)).parse();
  if (!header)
    return header.takeError();
  bytes = bytes.drop_front(length);

  std::optional<ElementFormat> format = parseDescr(header->descr);
  if (!format)
    return makeError(path, "unsupported dtype '" + header->descr + "'");
  Array array;
  array.dtype = format->dtype;
  array.shape = header->shape;
  int64_t size = getElementSize(array.dtype);
  int64_t numBytes = size;
  for (int64_t dim : array.shape)
    if (MulOverflow(numBytes, dim, numBytes))
      return makeError(path, "the shape is too large");
  if ((int64_t)bytes.size() != numBytes)
    return makeError(path, "expected " + Twine(numBytes) +
                               " bytes of data, got " + Twine(bytes.size()));
  array.data.assign(bytes.begin(), bytes.end());
  // A view of other bytes as booleans holds more than 0 and 1.
  if (array.dtype == ATTN_BOOL)
    for (char &byte : array.data)
      byte = byte != 0;
  if (format->swapBytes && size > 1)
    for (int64_t offset = 0; offset < numBytes; offset += size)
      std::reverse(array.data.begin() + offset,
                   array.data.begin() + offset + size);
  if (header->fortranOrder && array.shape.size() > 1)
    array.data = transposeToC(array.data, array.shape, size);
  return array;
}

static StringRef getDescr(attn_dtype dtype) {
  switch (dtype) {
  case ATTN_F16:
    return "<f2";
  case ATTN_BF16:
    return "<V2";
  case ATTN_F32:
    return "<f4";
  case ATTN_F64:
    return "<f8";
  case ATTN_BOOL:
    return "|b1";
  case ATTN_I8:
    return "|i1";
  case ATTN_I16:
    return "<i2";
  case ATTN_I32:
    return "<i4";
  case ATTN_I64:
    return "<i8";
  }
  return "";
}

std::string mlir::attn::formatNpy(const Array &array) {
  std::string header =
      formatv("{{'descr': '{0}', 'fortran_order': False, "
              "'shape': ({1}{2}), }",
              getDescr(array.dtype),
              join(map_range(array.shape,
                             [](int64_t size) { return std::to_string(size); }),
                   ", "),
              array.shape.size() == 1 ? "," : "");
  // The data starts at a multiple of 64.
  size_t prefix = kMagic.size() + 4;
  header.append(alignTo(prefix + header.size() + 1, 64) - prefix -
                    header.size() - 1,
                ' ');
  header += '\n';

  char length[2];
  support::endian::write16le(length, header.size());
  std::string content(kMagic);
  content += StringRef("\x01\x00", 2);
  content += StringRef(length, 2);
  content += header;
  content.append(array.data.data(), array.data.size());
  return content;
}

Error mlir::attn::writeNpy(StringRef path, const Array &array) {
  return writeOutputFile(path, formatNpy(array));
}
