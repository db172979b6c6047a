//! Sizes as Windows' functions take them: in 32 bits.

/// `size_of::<T>()`, for structures, all of which are small.
#[expect(clippy::cast_possible_truncation, reason = "checked in the line before")]
pub(crate) const fn size_of_u32<T>() -> u32 {
    assert!(size_of::<T>() < 1 << 20);
    size_of::<T>() as u32
}

/// The length of a slice in bytes; one of 4 GiB can't be passed.
pub(crate) fn bytes_u32<T>(slice: &[T]) -> u32 {
    u32::try_from(size_of_val(slice)).expect("buffers here are far below 4 GiB")
}
