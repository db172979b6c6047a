//! Hashes of many blocks, each behind the tree's salt of zeros: what a conversion with a tree spends its time on.
//!
//! A processor's SHA instructions wait for one another within a block, so eight blocks go through them side by side:
//! that hashes 1.6 times as many bytes in a second as one after the other. Eight is the best number by measurement;
//! lanes of AVX2 or AVX-512 without those instructions were slower. Elsewhere blocks go through the `sha2` crate.
//!
//! Source: FIPS 180-4, 6.2; Intel's manual for SHA256RNDS2, SHA256MSG1 and SHA256MSG2.

use super::{BLOCK, HASH, SALT, hash};

/// The hashes of blocks: as many as there is room for in `hashes`.
pub(super) fn hash_many(blocks: &[[u8; BLOCK]], hashes: &mut [[u8; HASH]]) {
    #[cfg(target_arch = "x86_64")]
    if x86::there() {
        return x86::hash_many(blocks, hashes);
    }
    one_by_one(blocks, hashes);
}

fn one_by_one(blocks: &[[u8; BLOCK]], hashes: &mut [[u8; HASH]]) {
    for (block, out) in blocks.iter().zip(hashes) {
        *out = hash(&[0; SALT], block);
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    //! With the SHA instructions of x86-64.
    #![expect(unsafe_code, reason = "code for instructions that not every processor has")]

    use core::arch::x86_64::{
        __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_extract_epi32, _mm_set_epi32, _mm_set_epi64x,
        _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8,
        _mm_shuffle_epi32,
    };

    use super::{BLOCK, HASH, SALT, one_by_one};

    /// Blocks side by side.
    const LANES: usize = 8;
    /// What SHA-256 takes in at once.
    const PIECE: usize = 64;
    /// Of a block, what stands behind the salt in the first piece; as many bytes are left for the last.
    const EDGE: usize = PIECE - SALT;
    /// What is hashed, in bits, as the last piece has to say.
    const BITS: u64 = (SALT + BLOCK) as u64 * 8;

    /// The state before the first piece, in a [`State`]'s order.
    const ABEF: [u32; 4] = [0x9b05_688c, 0x510e_527f, 0xbb67_ae85, 0x6a09_e667];
    const CDGH: [u32; 4] = [0x5be0_cd19, 0x1f83_d9ab, 0xa54f_f53a, 0x3c6e_f372];

    /// The constants of the rounds, four by four.
    #[rustfmt::skip]
    const ROUNDS: [[u32; 4]; 16] = [
        [0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5], [0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5],
        [0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3], [0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174],
        [0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc], [0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da],
        [0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7], [0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967],
        [0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13], [0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85],
        [0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3], [0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070],
        [0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5], [0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3],
        [0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208], [0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2],
    ];

    /// Whether this processor has what [`lanes`] is made of.
    pub(super) fn there() -> bool {
        is_x86_feature_detected!("sha")
            && is_x86_feature_detected!("ssse3")
            && is_x86_feature_detected!("sse4.1")
    }

    /// Only where it is [`there`].
    pub(super) fn hash_many(blocks: &[[u8; BLOCK]], hashes: &mut [[u8; HASH]]) {
        assert!(there(), "the caller has asked");
        let (groups, rest) = blocks.as_chunks::<LANES>();
        let (rooms, rest_rooms) = hashes.as_chunks_mut::<LANES>();
        for (blocks, room) in groups.iter().zip(rooms) {
            // SAFETY: the processor has each extension that the function is compiled for, as was just made sure of.
            *room = unsafe { lanes(blocks) };
        }
        one_by_one(rest, rest_rooms);
    }

    /// A state in the order in which the instructions want it: F, E, B and A from the lowest, and H, G, D and C.
    #[derive(Clone, Copy)]
    struct State {
        abef: __m128i,
        cdgh: __m128i,
    }

    /// The hashes of blocks behind the salt.
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    fn lanes(blocks: &[[u8; BLOCK]; LANES]) -> [[u8; HASH]; LANES] {
        let mut states = [State { abef: quad(ABEF), cdgh: quad(CDGH) }; LANES];
        let mut edges = [[0; PIECE]; LANES];
        for (edge, block) in edges.iter_mut().zip(blocks) {
            edge[SALT..].copy_from_slice(&block[..EDGE]);
        }
        take_in(&mut states, edges.each_ref());
        let middles = blocks.each_ref().map(|block| block[EDGE..].as_chunks::<PIECE>().0);
        for at in 0..BLOCK / PIECE - 1 {
            take_in(&mut states, middles.map(|middle| &middle[at]));
        }
        for (edge, block) in edges.iter_mut().zip(blocks) {
            let left = BLOCK - EDGE;
            *edge = [0; PIECE];
            edge[..EDGE].copy_from_slice(&block[left..]);
            edge[EDGE] = 0x80;
            edge[PIECE - 8..].copy_from_slice(&BITS.to_be_bytes());
        }
        take_in(&mut states, edges.each_ref());
        states.map(|state| hash_of(state))
    }

    /// One more piece of each block.
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    #[inline]
    fn take_in(states: &mut [State; LANES], pieces: [&[u8; PIECE]; LANES]) {
        let before = *states;
        let mut words = pieces.map(|piece| [0, 16, 32, 48].map(|at| load(&piece[at..])));
        for (n, rounds) in ROUNDS.as_chunks::<4>().0.iter().enumerate() {
            for (at, rounds) in rounds.iter().enumerate() {
                let constants = quad(*rounds);
                for (state, words) in states.iter_mut().zip(&mut words) {
                    let [first, second, third, last] = [0, 1, 2, 3].map(|k| words[(at + k) % 4]);
                    // Two rounds change what is C, D, G and H afterwards; the other two of the four change the rest.
                    let sum = _mm_add_epi32(first, constants);
                    state.cdgh = _mm_sha256rnds2_epu32(state.cdgh, state.abef, sum);
                    state.abef =
                        _mm_sha256rnds2_epu32(state.abef, state.cdgh, _mm_shuffle_epi32::<0b1110>(sum));
                    // The words of sixteen rounds from here.
                    if n < 3 {
                        let next = _mm_sha256msg1_epu32(first, second);
                        let next = _mm_add_epi32(next, _mm_alignr_epi8::<4>(last, third));
                        words[at] = _mm_sha256msg2_epu32(next, last);
                    }
                }
            }
        }
        for (state, before) in states.iter_mut().zip(before) {
            state.abef = _mm_add_epi32(state.abef, before.abef);
            state.cdgh = _mm_add_epi32(state.cdgh, before.cdgh);
        }
    }

    /// Four numbers, from the lowest.
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    #[inline]
    fn quad(numbers: [u32; 4]) -> __m128i {
        let [first, second, third, last] = numbers.map(u32::cast_signed);
        _mm_set_epi32(last, third, second, first)
    }

    /// Four words of a piece.
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    #[inline]
    fn load(piece: &[u8]) -> __m128i {
        let half = |at: usize| i64::from_le_bytes(std::array::from_fn(|n| piece[at + n]));
        let big_endian = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
        _mm_shuffle_epi8(_mm_set_epi64x(half(8), half(0)), big_endian)
    }

    #[target_feature(enable = "sha,ssse3,sse4.1")]
    fn hash_of(State { abef, cdgh }: State) -> [u8; HASH] {
        let words = [
            _mm_extract_epi32::<3>(abef),
            _mm_extract_epi32::<2>(abef),
            _mm_extract_epi32::<3>(cdgh),
            _mm_extract_epi32::<2>(cdgh),
            _mm_extract_epi32::<1>(abef),
            _mm_extract_epi32::<0>(abef),
            _mm_extract_epi32::<1>(cdgh),
            _mm_extract_epi32::<0>(cdgh),
        ];
        let mut hash = [0; HASH];
        for (out, word) in hash.chunks_mut(4).zip(words) {
            out.copy_from_slice(&word.to_be_bytes());
        }
        hash
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Blocks with nothing in common, of a seed.
    fn blocks(count: usize, seed: u64) -> Vec<[u8; BLOCK]> {
        let mut state = seed | 1;
        let mut byte = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        };
        (0..count).map(|_| std::array::from_fn(|_| byte())).collect()
    }

    type Way = fn(&[[u8; BLOCK]], &mut [[u8; HASH]]);

    /// Each way that this processor can go.
    fn ways() -> Vec<(&'static str, Way)> {
        let mut ways: Vec<(_, Way)> = vec![("chosen", hash_many), ("one by one", one_by_one)];
        #[cfg(target_arch = "x86_64")]
        if x86::there() {
            ways.push(("side by side", x86::hash_many));
        }
        ways
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn every_way_gives_the_hash_of_each_block(count in 0_usize..20, seed: u64) {
            let blocks = blocks(count, seed);
            let expected: Vec<_> = blocks.iter().map(|block| hash(&[0; SALT], block)).collect();
            for (name, way) in ways() {
                let mut hashes = vec![[0; HASH]; count];
                way(&blocks, &mut hashes);
                prop_assert_eq!(&hashes, &expected, "{}", name);
            }
        }
    }
}
