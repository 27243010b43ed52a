// Compares what Torch.cpp believes of PyTorch's functions with PyTorch's
// header. Compiling is the test.

#include "../../../lib/CAPI/Torch.cpp"
// The functions of a PyTorch with CUDA.
#define USE_CUDA
#include <torch/csrc/inductor/aoti_torch/c/shim.h>
#include <type_traits>

/// Handles are pointers to types that nobody knows.
template <class T>
struct Erase {
  using type = T;
};
template <>
struct Erase<Tensor> {
  using type = void *;
};
template <>
struct Erase<AtenTensorHandle> {
  using type = void *;
};
template <>
struct Erase<Library> {
  using type = void *;
};
template <>
struct Erase<TorchLibraryHandle> {
  using type = void *;
};
template <>
struct Erase<Guard> {
  using type = void *;
};
template <>
struct Erase<CUDAGuardHandle> {
  using type = void *;
};
template <class T>
struct Erase<T *> {
  using type = typename Erase<T>::type *;
};
template <class R, class... A>
struct Erase<R (*)(A...)> {
  using type = R (*)(typename Erase<A>::type...);
};

#define SAME(ours, theirs)                                                     \
  static_assert(std::is_same_v<Erase<decltype(Functions::ours)>::type,         \
                               Erase<decltype(&theirs)>::type>,                \
                #theirs)

SAME(getDataPtr, aoti_torch_get_data_ptr);
SAME(getDim, aoti_torch_get_dim);
SAME(getSizes, aoti_torch_get_sizes);
SAME(getStrides, aoti_torch_get_strides);
SAME(getDtype, aoti_torch_get_dtype);
SAME(deleteTensor, aoti_torch_delete_tensor_object);
SAME(newHandle, aoti_torch_new_tensor_handle);
SAME(emptyStrided, aoti_torch_empty_strided);
SAME(callDispatcher, aoti_torch_call_dispatcher);
SAME(initLibrary, aoti_torch_library_init_impl);
SAME(implement, aoti_torch_library_impl);
SAME(getDeviceType, aoti_torch_get_device_type);
SAME(getDeviceIndex, aoti_torch_get_device_index);
SAME(getCUDA, aoti_torch_device_type_cuda);
SAME(createGuard, aoti_torch_create_cuda_guard);
SAME(deleteGuard, aoti_torch_delete_cuda_guard);
SAME(getStream, aoti_torch_get_current_cuda_stream);
static_assert(
    std::is_same_v<decltype(&aoti_torch_dtype_float32), int32_t (*)()>);
#ifdef WRONG
SAME(getDim, aoti_torch_get_dtype);
#endif
