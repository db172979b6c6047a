//! Registry hives as files: an empty one, which a base layer has where a tree of files brings none.
//!
//! Source: "Windows registry file format specification" of msuhanov/regf, version 1.3 of the format.

/// Bytes of the base block, and of the one bin behind it.
const BLOCK: usize = 4096;
/// No cell.
const NONE: u32 = u32::MAX;
/// Where the cells of the bin begin.
const CELLS: usize = 32;

/// The security of the root key: administrators and the system may do everything, and so may they below it.
const DESCRIPTOR: [u8; 88] = *b"\x01\x00\x04\x80\
    \x14\x00\x00\x00\x14\x00\x00\x00\x00\x00\x00\x00\x24\x00\x00\x00\
    \x01\x02\x00\x00\x00\x00\x00\x05\x20\x00\x00\x00\x20\x02\x00\x00\
    \x02\x00\x34\x00\x02\x00\x00\x00\
    \x00\x02\x14\x00\x3f\x00\x0f\x00\x01\x01\x00\x00\x00\x00\x00\x05\x12\x00\x00\x00\
    \x00\x02\x18\x00\x3f\x00\x0f\x00\x01\x02\x00\x00\x00\x00\x00\x05\x20\x00\x00\x00\x20\x02\x00\x00";

/// A hive without keys but its root, as the offline registry library makes one.
pub fn empty() -> Vec<u8> {
    let mut hive = vec![0; 2 * BLOCK];
    let (base, bin) = hive.split_at_mut(BLOCK);

    bin[..4].copy_from_slice(b"hbin");
    put(bin, 8, size(BLOCK));
    let name = b"ROOT";
    let key = CELLS;
    let key_size = cell(bin, key, 76 + name.len());
    let security = key + key_size;
    let security_size = cell(bin, security, 20 + DESCRIPTOR.len());
    let rest = security + security_size;
    // A free cell has a positive size.
    put(bin, rest, size(BLOCK - rest));

    let at = key + 4;
    bin[at..at + 2].copy_from_slice(b"nk");
    // The root of a hive, which can't be deleted, with a name in ASCII.
    bin[at + 2] = 0x2c;
    for list in [16, 28, 32, 40, 48] {
        put(bin, at + list, NONE);
    }
    put(bin, at + 44, size(security));
    bin[at + 72] = 4;
    bin[at + 76..at + 80].copy_from_slice(name);

    let at = security + 4;
    bin[at..at + 2].copy_from_slice(b"sk");
    // A ring of one, which one key uses.
    put(bin, at + 4, size(security));
    put(bin, at + 8, size(security));
    put(bin, at + 12, 1);
    put(bin, at + 16, size(DESCRIPTOR.len()));
    bin[at + 20..at + 20 + DESCRIPTOR.len()].copy_from_slice(&DESCRIPTOR);

    base[..4].copy_from_slice(b"regf");
    for (at, value) in
        [(4, 1), (8, 1), (20, 1), (24, 3), (32, 1), (36, size(key)), (40, size(BLOCK)), (44, 1)]
    {
        put(base, at, value);
    }
    let words = base[..508].chunks_exact(4).map(|word| word.try_into().map_or(0, u32::from_le_bytes));
    let sum = words.fold(0, |sum, word| sum ^ word);
    put(base, 508, sum);
    hive
}

/// Begins a cell in use for `length` bytes, and gives its size.
fn cell(bin: &mut [u8], at: usize, length: usize) -> usize {
    let whole = (length + 4).next_multiple_of(8);
    put(bin, at, size(whole).wrapping_neg());
    whole
}

fn put(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

/// Everything here lies within one block.
fn size(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_hive_has_its_parts_where_the_format_has_them() {
        let hive = empty();
        let word = |at: usize| u32::from_le_bytes(hive[at..at + 4].try_into().unwrap());
        assert_eq!(hive.len(), 8192);
        assert_eq!(
            (0..128).fold(0, |sum, n| sum ^ word(n * 4)),
            0,
            "the checksum makes the sum of all words zero"
        );
        // Every cell follows the one before, up to the bin's end.
        let (mut at, mut cells) = (BLOCK + CELLS, 0);
        while at < hive.len() {
            at += word(at).cast_signed().unsigned_abs() as usize;
            cells += 1;
        }
        assert_eq!((at, cells), (hive.len(), 3));
        let root = BLOCK + word(36) as usize + 4;
        assert_eq!(&hive[root..root + 2], b"nk");
        let security = BLOCK + word(root + 44) as usize + 4;
        assert_eq!(&hive[security..security + 2], b"sk");
        crate::security::check(&hive[security + 20..][..word(security + 16) as usize]).unwrap();
    }
}
