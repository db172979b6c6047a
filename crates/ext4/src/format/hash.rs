//! The hash of names by which big folders are indexed: half MD4 over the name's bytes taken as unsigned.
//!
//! Source: Linux, `fs/ext4/hash.c`.

/// The number of this hash in a folder's root block.
pub(crate) const HALF_MD4: u8 = 1;

/// What the kernel begins with when the super block has no seed of its own; ours has none.
const START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];

/// The hash of a name. Its lowest bit is free: an index uses it to say that a hash goes on from the block before.
pub(crate) fn half_md4(name: &[u8]) -> u32 {
    let mut state = START;
    let mut rest = name;
    loop {
        transform(&mut state, &words(rest));
        if rest.len() <= 32 {
            break;
        }
        rest = &rest[32..];
    }
    let hash = state[1] & !1;
    // The highest value marks the end of a folder that is being read.
    if hash == 0xffff_fffe { 0xffff_fffc } else { hash }
}

/// Eight words of the name, padded with its length.
fn words(name: &[u8]) -> [u32; 8] {
    // At most 255, and it comes whole into each byte of the padding.
    let pad = u32::try_from(name.len()).unwrap_or(u32::MAX) & 0xff;
    let pad = pad | pad << 8;
    let pad = pad | pad << 16;
    let mut out = [pad; 8];
    for (word, bytes) in out.iter_mut().zip(name.chunks(4)) {
        // A short last word keeps the padding in its high bytes.
        *word = bytes.iter().fold(pad, |value, byte| u32::from(*byte).wrapping_add(value << 8));
    }
    out
}

fn transform(state: &mut [u32; 4], words: &[u32; 8]) {
    type Mix = fn(u32, u32, u32) -> u32;
    const ROUNDS: [(Mix, [usize; 8], u32, [u32; 4]); 3] = [
        (choose, [0, 1, 2, 3, 4, 5, 6, 7], 0, [3, 7, 11, 19]),
        (majority, [1, 3, 5, 7, 0, 2, 4, 6], 0x5a82_7999, [3, 5, 9, 13]),
        (parity, [3, 7, 2, 6, 1, 5, 0, 4], 0x6ed9_eba1, [3, 9, 11, 15]),
    ];
    let mut now = *state;
    for (mix, order, constant, turns) in ROUNDS {
        for (step, word) in order.into_iter().enumerate() {
            let [first, second, third, fourth] = now;
            let sum = first
                .wrapping_add(mix(second, third, fourth))
                .wrapping_add(words[word])
                .wrapping_add(constant);
            now = [fourth, sum.rotate_left(turns[step % 4]), second, third];
        }
    }
    for (value, add) in state.iter_mut().zip(now) {
        *value = value.wrapping_add(add);
    }
}

fn choose(x: u32, y: u32, z: u32) -> u32 {
    z ^ (x & (y ^ z))
}

fn majority(x: u32, y: u32, z: u32) -> u32 {
    // The terms have no bit in common, as the kernel writes it.
    (x & y).wrapping_add((x ^ y) & z)
}

fn parity(x: u32, y: u32, z: u32) -> u32 {
    x ^ y ^ z
}
