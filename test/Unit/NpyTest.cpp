//===- NpyTest.cpp - Tests of .npy files ------------------------*- C++ -*-===//
//
// Part of the attn-mlir project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "attn/Support/Npy.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace mlir::attn;

namespace {

class NpyTest : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("npy", directory));
  }
  void TearDown() override { llvm::sys::fs::remove_directories(directory); }
  std::string getPath(llvm::StringRef name) {
    llvm::SmallString<128> path = directory;
    llvm::sys::path::append(path, name);
    return path.str().str();
  }
  /// A file with the given dictionary and data, of version 1.
  std::string writeRaw(llvm::StringRef dictionary, llvm::StringRef data) {
    std::string path = getPath("raw.npy");
    std::error_code error;
    llvm::raw_fd_ostream os(path, error);
    os << "\x93NUMPY" << llvm::StringRef("\x01\x00", 2)
       << char(dictionary.size() & 255) << char(dictionary.size() >> 8)
       << dictionary << data;
    return path;
  }
  std::string getError(llvm::StringRef path) {
    llvm::Expected<Array> array = readNpy(path);
    return array ? "" : llvm::toString(array.takeError());
  }

  llvm::SmallString<128> directory;
};

TEST_F(NpyTest, RoundTrip) {
  for (attn_dtype dtype : {ATTN_F16, ATTN_BF16, ATTN_F32, ATTN_F64, ATTN_BOOL,
                           ATTN_I8, ATTN_I16, ATTN_I32, ATTN_I64})
    for (llvm::SmallVector<int64_t> shape :
         {llvm::SmallVector<int64_t>{}, {3}, {2, 3}, {0, 5}, {1, 2, 3, 4}}) {
      Array array;
      array.dtype = dtype;
      array.shape = shape;
      int64_t size = attn_rt_dtype_size(dtype);
      for (int64_t i = 0; i < array.getNumElements() * size; ++i)
        array.data.push_back(dtype == ATTN_BOOL ? i % 3 == 1 : char(i * 7));
      std::string path = getPath("a.npy");
      ASSERT_FALSE(llvm::errorToBool(writeNpy(path, array)));
      llvm::Expected<Array> read = readNpy(path);
      ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
      EXPECT_EQ(read->dtype, dtype);
      EXPECT_EQ(read->shape, shape);
      EXPECT_EQ(read->data, array.data);
    }
}

/// Views of bytes as booleans hold more than 0 and 1.
TEST_F(NpyTest, BooleansAreNormalized) {
  std::string path =
      writeRaw("{'descr': '|b1', 'fortran_order': False, 'shape': (4,), }\n",
               llvm::StringRef("\0\1\2\xff", 4));
  llvm::Expected<Array> array = readNpy(path);
  ASSERT_TRUE(bool(array)) << llvm::toString(array.takeError());
  EXPECT_EQ(array->data, (std::vector<char>{0, 1, 1, 1}));
}

TEST_F(NpyTest, FortranOrderAndBigEndian) {
  std::string path =
      writeRaw("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }\n",
               llvm::StringRef("\0\1\0\2\0\3\0\4\0\5\0\6", 12));
  llvm::Expected<Array> array = readNpy(path);
  ASSERT_TRUE(bool(array)) << llvm::toString(array.takeError());
  // The file holds the columns (1, 2), (3, 4), (5, 6).
  const int16_t expected[] = {1, 3, 5, 2, 4, 6};
  ASSERT_EQ(array->data.size(), sizeof expected);
  EXPECT_EQ(memcmp(array->data.data(), expected, sizeof expected), 0);
}

TEST_F(NpyTest, Errors) {
  auto contains = [&](std::string text, const char *part) {
    return text.find(part) != std::string::npos
               ? ::testing::AssertionSuccess()
               : ::testing::AssertionFailure() << text;
  };
  EXPECT_TRUE(contains(getError(getPath("none.npy")), "No such file"));
  EXPECT_TRUE(
      contains(getError(writeRaw("{'descr': '<c8', 'fortran_order': False, "
                                 "'shape': (), }",
                                 "12345678")),
               "unsupported dtype '<c8'"));
  EXPECT_TRUE(
      contains(getError(writeRaw("{'descr': '<f4', 'fortran_order': False, "
                                 "'shape': (3,), }",
                                 "12345678")),
               "expected 12 bytes of data, got 8"));
  EXPECT_TRUE(contains(getError(writeRaw("{'descr': '<f4'}", "")),
                       "expected the keys descr, fortran_order and shape"));
  EXPECT_TRUE(
      contains(getError(writeRaw("descr", "")), "expected a dictionary"));
  EXPECT_TRUE(contains(getError(writeRaw("{descr: 1}", "")), "expected a key"));
  EXPECT_TRUE(contains(getError(writeRaw("{'descr': [('x', '<f4')]}", "")),
                       "structured dtypes are not supported"));
  EXPECT_TRUE(contains(getError(writeRaw("{'fortran_order': 1}", "")),
                       "expected fortran_order to be True or False"));
  EXPECT_TRUE(
      contains(getError(writeRaw("{'order': 1}", "")), "unknown key 'order'"));
  EXPECT_TRUE(contains(getError(writeRaw("{'descr': '<f4' 'shape': ()}", "")),
                       "expected ',' or '}'"));
  EXPECT_TRUE(
      contains(getError(writeRaw("{'descr': '<f4', 'fortran_order': False, "
                                 "'shape': (-1,), }",
                                 "")),
               "expected shape to be a tuple"));
  EXPECT_TRUE(contains(
      getError(writeRaw("{'descr': '<f4', 'fortran_order': False, 'shape': "
                        "(1099511627776, 1099511627776), }",
                        "")),
      "too large"));
  std::string text = getPath("text.npy");
  std::error_code code;
  llvm::raw_fd_ostream(text, code) << "hello";
  EXPECT_TRUE(contains(getError(text), "not a .npy file"));
}

TEST_F(NpyTest, FailedWriteLeavesNoFile) {
  Array array;
  array.data.resize(4);
  std::string path = getPath("missing/a.npy");
  EXPECT_TRUE(llvm::errorToBool(writeNpy(path, array)));
  EXPECT_FALSE(llvm::sys::fs::exists(path));
}

} // namespace
