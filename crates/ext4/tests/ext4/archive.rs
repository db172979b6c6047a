//! Tars for the tests, byte by byte, so that they can be wrong in any way.

/// An archive that is being made.
#[derive(Default, Clone)]
pub(crate) struct Archive(pub(crate) Vec<u8>);

/// A header's fields that tests set.
#[derive(Clone, Copy)]
pub(crate) struct Header<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) kind: u8,
    pub(crate) size: u64,
    pub(crate) link: &'a [u8],
    pub(crate) mode: u32,
    pub(crate) mtime: u64,
}

impl Default for Header<'_> {
    fn default() -> Self {
        Self { name: b"name", kind: b'0', size: 0, link: b"", mode: 0o644, mtime: 1_700_000_000 }
    }
}

impl Archive {
    pub(crate) fn header(&mut self, header: Header<'_>) -> &mut Self {
        let mut raw = [0_u8; 512];
        raw[..header.name.len()].copy_from_slice(header.name);
        let mut put = |at: usize, width: usize, value: u64| {
            let text = format!("{value:0width$o}");
            raw[at..at + width].copy_from_slice(text.as_bytes());
        };
        put(100, 7, u64::from(header.mode));
        put(108, 7, 0);
        put(116, 7, 0);
        put(124, 11, header.size);
        put(136, 11, header.mtime);
        raw[156] = header.kind;
        raw[157..157 + header.link.len()].copy_from_slice(header.link);
        raw[257..265].copy_from_slice(b"ustar\x0000");
        self.raw(raw)
    }

    /// Adds a header whose checksum is made here.
    pub(crate) fn raw(&mut self, mut raw: [u8; 512]) -> &mut Self {
        raw[148..156].fill(b' ');
        let sum: u32 = raw.iter().map(|byte| u32::from(*byte)).sum();
        raw[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.0.extend_from_slice(&raw);
        self
    }

    /// Adds content with its padding.
    pub(crate) fn content(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        let end = self.0.len().next_multiple_of(512);
        self.0.resize(end, 0);
        self
    }

    pub(crate) fn file(&mut self, name: &str, bytes: &[u8]) -> &mut Self {
        let header = Header { name: name.as_bytes(), size: bytes.len() as u64, ..Header::default() };
        self.header(header).content(bytes)
    }

    pub(crate) fn folder(&mut self, name: &str) -> &mut Self {
        self.header(Header { name: name.as_bytes(), kind: b'5', mode: 0o755, ..Header::default() })
    }

    pub(crate) fn link(&mut self, kind: u8, name: &str, target: &str) -> &mut Self {
        let (name, link) = (name.as_bytes(), target.as_bytes());
        self.header(Header { name, kind, link, ..Header::default() })
    }

    /// Adds records for the next entry.
    pub(crate) fn pax(&mut self, records: &[(&str, &[u8])]) -> &mut Self {
        let mut block = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let mut length = rest + 1;
            while length != rest + length.to_string().len() {
                length = rest + length.to_string().len();
            }
            block.extend_from_slice(format!("{length} {key}=").as_bytes());
            block.extend_from_slice(value);
            block.push(b'\n');
        }
        let header =
            Header { name: b"PaxHeaders/x", kind: b'x', size: block.len() as u64, ..Header::default() };
        self.header(header).content(&block)
    }

    /// The archive with its end marker.
    pub(crate) fn end(&self) -> Vec<u8> {
        [&self.0[..], &[0; 1024]].concat()
    }
}
